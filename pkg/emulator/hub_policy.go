package emulator

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// A right is a permission of a policy ("Control access to IoT Hub", permissions).
type right byte

const (
	rightRegistryRead right = 1 << iota
	rightRegistryWrite
	rightService // ServiceConnect
	rightDevice  // DeviceConnect
	rightDPS     // all of the provisioning service's
)

func (r right) String() string {
	switch r {
	case rightRegistryRead:
		return "RegistryRead"
	case rightRegistryWrite:
		return "RegistryWrite"
	case rightService:
		return "ServiceConnect"
	case rightDevice:
		return "DeviceConnect"
	}
	return "ServiceConfig"
}

// Names of the policies that a new hub and its provisioning service have with every right.
const (
	PolicyOwner             = "iothubowner"
	PolicyProvisioningOwner = "provisioningserviceowner"
)

var defaultPolicies = []struct {
	name   string
	rights right
}{
	{PolicyOwner, rightRegistryRead | rightRegistryWrite | rightService | rightDevice},
	{"service", rightService},
	{"device", rightDevice},
	{"registryRead", rightRegistryRead},
	{"registryReadWrite", rightRegistryRead | rightRegistryWrite},
	{PolicyProvisioningOwner, rightDPS},
}

// A policy is a named key with rights.
type policy struct {
	Name   string
	Rights right
	Keys   [2][]byte
}

// makePolicies gives every policy that is not stored its keys. The hub is being opened, and h.mu is held.
func (h *Hub) makePolicies() {
	for _, p := range defaultPolicies {
		if h.policies[p.name] == nil {
			h.policies[p.name] = &policy{Name: p.name, Rights: p.rights, Keys: [2][]byte{newKey(), newKey()}}
			h.savePolicy(h.policies[p.name])
		}
	}
}

// expired reports whether a token's time is over, allowing for clocks that disagree.
func expired(t hubproto.SASToken) bool { return time.Now().After(t.Expiry.Add(hubproto.MaxClockSkew)) }

func signedByEither(t hubproto.SASToken, keys [2][]byte) bool {
	for _, key := range keys {
		if len(key) > 0 && t.SignedBy(key) {
			return true
		}
	}
	return false
}

// checkPolicy reports why a token that names a policy does not give a right.
func (h *Hub) checkPolicy(t hubproto.SASToken, need right) *Error {
	p := h.policies[t.Policy]
	switch {
	case p == nil:
		return errorf(401002, "IotHubUnauthorizedAccess", "there is no policy %q (skn)", t.Policy)
	case !signedByEither(t, p.Keys):
		return errorf(401002, "IotHubUnauthorizedAccess",
			"the token's signature was not made with a key of policy %q over its sr and se fields as they are", t.Policy)
	case p.Rights&need == 0:
		return errorf(401002, "IotHubUnauthorizedAccess", "policy %q does not permit this: it takes %v", t.Policy, need)
	}
	return nil
}

// PolicyKey returns the primary key, in base64, of a shared access policy, such as PolicyOwner. It IS A SECRET. The error is not
// nil when there is no such policy, or the hub cannot be opened.
func (h *Hub) PolicyKey(ctx context.Context, name string) (string, error) {
	if err := h.Open(ctx); err != nil {
		return "", err
	}
	p := h.policies[name]
	if p == nil {
		return "", errorf(404001, "PolicyNotFound", "there is no shared access policy %q", name)
	}
	return base64.StdEncoding.EncodeToString(p.Keys[0]), nil
}
