package emulator

import (
	"cmp"
	"context"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// Info is what a program on this machine needs to use the hub. It HOLDS SECRETS: GET /emulator/info hands it to loopback only.
type Info struct {
	HubHostName                         string `json:"hubHostName"`
	ServiceConnectionString             string `json:"serviceConnectionString"`             // policy iothubowner
	ProvisioningServiceConnectionString string `json:"provisioningServiceConnectionString"` // policy provisioningserviceowner
	IDScope                             string `json:"idScope"`
	DeviceConnectionString              string `json:"deviceConnectionString,omitempty"` // of Demo.DeviceID
	Demo                                Demo   `json:"demo,omitzero"`                    // after SeedDemo
}

// Demo is a device and two enrollments that are ready to use. It HOLDS SECRETS.
type Demo struct {
	DeviceID   string         `json:"deviceId"`
	Individual DemoIndividual `json:"individual"`
	Group      DemoGroup      `json:"group"`
}

// DemoIndividual is an individual enrollment.
type DemoIndividual struct {
	RegistrationID string `json:"registrationId"`
	PrimaryKey     string `json:"primaryKey"`
}

// DemoGroup is an enrollment group, and a registration id to try it with: the device's key is derived from both.
type DemoGroup struct {
	EnrollmentGroupID string `json:"enrollmentGroupId"`
	PrimaryKey        string `json:"primaryKey"`
	RegistrationID    string `json:"registrationId"`
}

// The names of the demo.
const (
	demoDevice       = "MyDevice01"
	demoRegistration = "my-registration-01"
	demoGroup        = "my-group"
	demoGroupDevice  = "my-group-device-01"
)

// SeedDemo makes the demo's device and enrollments, with random keys, unless they are there.
func (h *Hub) SeedDemo() error {
	ctx := context.Background()
	if _, err := h.Device(demoDevice); err != nil {
		if _, err := h.PutDevice(ctx, Device{DeviceID: demoDevice}); err != nil {
			return err
		}
	}
	individual, err := h.Enrollment(demoRegistration)
	if err != nil {
		if individual, err = h.Enroll(ctx, Enrollment{RegistrationID: demoRegistration}); err != nil {
			return err
		}
	}
	group, err := h.EnrollmentGroup(demoGroup)
	if err != nil {
		if group, err = h.EnrollGroup(ctx, EnrollmentGroup{EnrollmentGroupID: demoGroup}); err != nil {
			return err
		}
	}
	h.mu.Lock()
	h.demo = &Demo{
		DeviceID:   demoDevice,
		Individual: DemoIndividual{demoRegistration, individual.primaryKey()},
		Group:      DemoGroup{demoGroup, group.primaryKey(), demoGroupDevice},
	}
	h.put(keyDemo, h.demo)
	h.mu.Unlock()
	return h.settled(ctx)
}

// Info returns what a program needs to use the hub. host is the name by which it came, for a hub whose HostName is empty.
func (h *Hub) Info(host string) Info {
	if h.use() != nil {
		return Info{}
	}
	host = cmp.Or(h.HostName, host, "localhost")
	h.mu.Lock()
	defer h.mu.Unlock()
	service := func(name string) string {
		return hubproto.ConnectionString{HostName: host, SharedAccessKeyName: name, SharedAccessKey: h.policies[name].Keys[0]}.String()
	}
	info := Info{
		HubHostName:                         host,
		ServiceConnectionString:             service(policyOwner),
		ProvisioningServiceConnectionString: service(policyDPSOwner),
		IDScope:                             h.idScope(),
	}
	if h.demo == nil {
		return info
	}
	info.Demo = *h.demo
	if d := h.devices[info.Demo.DeviceID]; d != nil {
		info.DeviceConnectionString = hubproto.ConnectionString{HostName: host, DeviceID: d.DeviceID, SharedAccessKey: d.keys[0]}.String()
	}
	return info
}
