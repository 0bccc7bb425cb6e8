package panel

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// faults are the troubles that a person makes on purpose. Those of the network are the hub's, and every page that shows it
// sees them; the second session is this page's.
type faults struct {
	inForce     emulator.Faults // as the hub said last
	delay, drop field           // in milliseconds, and in percent
	refuse      string          // a CONNACK code
	busy        bool
	result      result

	second context.CancelFunc // ends the second session; nil: there is none
	rival  string             // the identity that it took
}

func newFaults() faults {
	var f faults
	f.delay.set("500")
	f.drop.set("5")
	f.refuse = "3"
	return f
}

// maxDelay is the longest delay that the page offers: a keep-alive of some minutes still survives it.
const maxDelay = time.Minute

// shortToken is how long the token of ExpireToken lasts.
const shortToken = 20 * time.Second

const faultsPath = "/emulator/faults" + apiVersion

// any says whether something is in force that End all would end.
func (f *faults) any() bool {
	in := f.inForce
	return in.Delay > 0 || in.Drop > 0 || in.Throttle || in.Refuse != 0 || f.second != nil
}

// LoadFaults asks the hub which faults are in force.
func (p *Panel) LoadFaults() { p.start("the faults", p.loadFaults) }

func (p *Panel) loadFaults(ctx context.Context) {
	raw, err := p.ask(ctx, "GET", faultsPath, nil, nil)
	p.tookFaults(ctx, raw, err)
}

func (p *Panel) tookFaults(ctx context.Context, raw json.RawMessage, err error) {
	var in emulator.Faults
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if ctx.Err() != nil {
		return
	}
	p.update(func() {
		f := &p.cloud.faults
		f.busy = false
		if err != nil {
			f.result = p.resultOf(err, "")
			return
		}
		f.inForce = in
		f.result = result{}
	})
}

// changeFaults changes some of the faults in force, as the hub has them now, and leaves the others.
func (p *Panel) changeFaults(change func(*emulator.Faults)) {
	p.update(func() { p.cloud.faults.busy = true })
	p.start("change the faults", func(ctx context.Context) {
		raw, err := p.ask(ctx, "GET", faultsPath, nil, nil)
		var in emulator.Faults
		if err == nil {
			err = json.Unmarshal(raw, &in)
		}
		if err == nil {
			change(&in)
			raw, err = p.ask(ctx, "PUT", faultsPath, in, nil)
		}
		p.tookFaults(ctx, raw, err)
	})
}

// SetDelay holds back everything that goes to devices by the time on the page, or no longer.
func (p *Panel) SetDelay(on bool) {
	p.mu.Lock()
	text := strings.TrimSpace(p.cloud.faults.delay.text)
	p.mu.Unlock()
	ms, err := strconv.ParseFloat(text, 64)
	if on && (err != nil || !(ms > 0 && ms <= float64(maxDelay.Milliseconds()))) {
		p.faultFailed(l10n.New("the delay is a number of milliseconds, more than 0 and at most %d", maxDelay.Milliseconds()))
		return
	}
	p.changeFaults(func(f *emulator.Faults) {
		f.Delay = 0
		if on {
			f.Delay = time.Duration(ms * float64(time.Millisecond))
		}
	})
}

// SetDrop breaks the link at the share of packets on the page, or no longer.
func (p *Panel) SetDrop(on bool) {
	p.mu.Lock()
	text := strings.TrimSpace(p.cloud.faults.drop.text)
	p.mu.Unlock()
	percent, err := strconv.ParseFloat(text, 64)
	if on && (err != nil || !(percent > 0 && percent <= 100)) {
		p.faultFailed(l10n.New("the share is a percentage, more than 0 and at most 100"))
		return
	}
	p.changeFaults(func(f *emulator.Faults) {
		f.Drop = 0
		if on {
			f.Drop = percent / 100
		}
	})
}

// SetThrottle makes the hub refuse work as if its quota were used up, or no longer.
func (p *Panel) SetThrottle(on bool) {
	p.changeFaults(func(f *emulator.Faults) { f.Throttle = on })
}

// SetRefuse answers every CONNECT with the code on the page, or no longer.
func (p *Panel) SetRefuse(on bool) {
	p.mu.Lock()
	code, _ := strconv.Atoi(p.cloud.faults.refuse) // one of the select's
	p.mu.Unlock()
	p.changeFaults(func(f *emulator.Faults) {
		f.Refuse = mqttcodec.ConnectionAccepted
		if on {
			f.Refuse = mqttcodec.ConnectCode(code)
		}
	})
}

// EndFaults makes the network good again and ends the second session.
func (p *Panel) EndFaults() {
	p.StopSecondSession()
	p.changeFaults(func(f *emulator.Faults) { *f = emulator.Faults{} })
}

// CutConnection breaks the target's connection, as a network would.
func (p *Panel) CutConnection() {
	target := p.faultTarget()
	p.start("cut the connection", func(ctx context.Context) {
		_, err := p.ask(ctx, "DELETE", connectionPath(target), nil, nil)
		p.update(func() {
			f := &p.cloud.faults
			f.busy, f.result = false, p.resultOf(err, p.T("The connection of %s was cut.", target))
		})
	})
}

func connectionPath(id string) string {
	return "/emulator/connections/" + url.PathEscape(id) + apiVersion
}

// faultTarget marks the faults busy, and returns the device that they are for.
func (p *Panel) faultTarget() (target string) {
	p.update(func() { p.cloud.faults.busy, target = true, p.cloud.target })
	return target
}

func (p *Panel) faultFailed(err error) {
	p.update(func() { p.cloud.faults.busy, p.cloud.faults.result = false, p.resultOf(err, "") })
}

// StartSecondSession connects a second device with the target's identity. It comes back each time when the hub closes it in
// favour of the first, until one of the two gives up.
func (p *Panel) StartSecondSession() {
	target := p.faultTarget()
	p.start("the second session", func(ctx context.Context) {
		credentials, err := p.registeredCredentials(ctx, target)
		if err != nil {
			p.faultFailed(err)
			return
		}
		p.mu.Lock()
		endpoint := p.endpoint(credentials.Host)
		p.mu.Unlock()
		client, err := hubclient.New(credentials, &hubclient.Options{
			Dial: p.env.dialer(p), Endpoint: endpoint, ClientType: "hubpanel second session",
			// What the first device has not got stays with the hub.
			OnMessage: func(context.Context, hubclient.Delivery) error { return errors.New("this session takes no messages") },
		})
		if err != nil {
			p.faultFailed(err)
			return
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		started := false
		p.update(func() {
			f := &p.cloud.faults
			f.busy = false
			if f.second == nil {
				f.second, f.rival, f.result, started = stop, target, result{}, true
			}
		})
		if !started {
			return
		}
		err = client.Run(ctx)
		p.update(func() {
			f := &p.cloud.faults
			f.second, f.rival = nil, ""
			if err != nil {
				f.result = result{ok: true, text: p.T("The second session gave up. %s", Sentence(err))}
			}
		})
	})
}

// StopSecondSession disconnects the second session.
func (p *Panel) StopSecondSession() {
	p.mu.Lock()
	stop := p.cloud.faults.second
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// registeredCredentials are those of a device in the emulator's registry.
func (p *Panel) registeredCredentials(ctx context.Context, id string) (hubclient.Credentials, error) {
	key, err := p.deviceKey(ctx, id)
	p.mu.Lock()
	host := p.cloud.info.HubHostName
	p.mu.Unlock()
	return hubclient.Credentials{Host: host, DeviceID: id, Key: key}, err
}

// ExpireToken connects the device side anew with a token that ends soon and that it cannot renew.
func (p *Panel) ExpireToken() {
	target := p.faultTarget()
	p.start("a token that expires", func(ctx context.Context) {
		credentials, err := p.registeredCredentials(ctx, target)
		if err != nil {
			p.faultFailed(err)
			return
		}
		expiry := time.Now().Add(shortToken)
		credentials.SharedAccessSignature = hubproto.SignSAS(credentials.Key,
			hubproto.DeviceResource(credentials.Host, target, ""), "", expiry)
		credentials.Key = nil
		p.mu.Lock()
		over := p.device.done
		p.mu.Unlock()
		p.Disconnect()
		if over != nil {
			select {
			case <-over:
			case <-ctx.Done():
				return
			}
		}
		p.connectWith(credentials)
		p.update(func() {
			f := &p.cloud.faults
			f.busy = false
			f.result = result{ok: true, text: p.T("The device has a token that ends at %s.", expiry.In(p.env.Location).Format("15:04:05"))}
		})
	})
}

// secondSession starts the second session, or stops it.
func (p *Panel) secondSession(on bool) {
	if on {
		p.StartSecondSession()
	} else {
		p.StopSecondSession()
	}
}
