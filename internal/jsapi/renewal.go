package jsapi

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// infoTimeout is how long the page's own origin may take to name its emulator's ready-made device.
const infoTimeout = 5 * time.Second

// A renewal keeps the emulator's ready-made device connected when the emulator is restarted: without a data folder it starts with new
// keys, and only the emulator knows them. It is for that device with that device's key alone, so a wrong key stays refused.
type renewal struct {
	fetch   hubservice.Fetch
	latest  hubclient.Credentials // used by one goroutine at a time, as hubclient calls renew
	renewed atomic.Bool           // there is a new key, and the device has not connected with it yet
}

// The reasons why there is no new key.
var (
	errNotReadyMade = errors.New("the emulator of the page's origin does not offer this device")
	errSameKey      = errors.New("the emulator of the page's origin offers this device with the same key")
)

// findRenewal asks the page's own origin whether credentials are those of its emulator's ready-made device, and returns nil if they are not.
// It asks only if they could be, so that a page elsewhere makes no request. The error is ctx's.
func findRenewal(ctx context.Context, page Page, credentials hubclient.Credentials, endpoint string) (*renewal, error) {
	if page.Fetch == nil || len(credentials.Key) == 0 || !atPage(page.Host, credentials.Host, endpoint) {
		return nil, nil
	}
	r := &renewal{fetch: page.Fetch}
	readyMade, err := r.readyMade(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil || !sameDevice(readyMade, credentials) || !bytes.Equal(readyMade.Key, credentials.Key):
		return nil, nil
	}
	r.latest = readyMade
	return r, nil
}

// atPage reports whether a device connects to the page's own host, by the hub's name or by the endpoint.
func atPage(pageHost, host, endpoint string) bool {
	if u, err := url.Parse(endpoint); err == nil && endpoint != "" {
		return strings.EqualFold(u.Host, pageHost)
	}
	name, _, err := net.SplitHostPort(pageHost)
	return strings.EqualFold(host, pageHost) || err == nil && strings.EqualFold(host, name)
}

// readyMade asks for the credentials of the emulator's ready-made device.
func (r *renewal) readyMade(ctx context.Context) (hubclient.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, infoTimeout)
	defer cancel()
	info, err := hubservice.AskInfo(ctx, r.fetch)
	switch {
	case err != nil:
		return hubclient.Credentials{}, err
	case info.DeviceConnectionString == "":
		return hubclient.Credentials{}, errNotReadyMade
	}
	return hubclient.ParseConnectionString(info.DeviceConnectionString)
}

// renew implements hubclient.Options.RenewCredentials.
func (r *renewal) renew(ctx context.Context, _ error) (hubclient.Credentials, error) {
	credentials, err := r.readyMade(ctx)
	switch {
	case err != nil:
		return credentials, err
	case !sameDevice(credentials, r.latest):
		return credentials, errNotReadyMade
	case bytes.Equal(credentials.Key, r.latest.Key):
		return credentials, errSameKey
	}
	r.latest = credentials
	r.renewed.Store(true)
	return credentials, nil
}

// inUse reports whether a state belongs to the first connection with a new key, up to its phase Connected.
func (r *renewal) inUse(phase hubclient.Phase) bool {
	if phase == hubclient.Connected {
		return r.renewed.Swap(false)
	}
	return r.renewed.Load()
}

func sameDevice(a, b hubclient.Credentials) bool {
	return strings.EqualFold(a.Host, b.Host) && a.DeviceID == b.DeviceID && a.ModuleID == b.ModuleID
}
