package emulator

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Faults simulate a bad network or an overloaded service. The zero value simulates nothing.
type Faults struct {
	// Delay holds back every packet to a device by this long. Their order stays.
	Delay time.Duration `json:"delayNs"`

	// Drop is the probability, from 0 to 1, that a packet from a device breaks its link instead of being handled.
	Drop float64 `json:"drop"`

	// Throttle answers twin and DPS requests, direct methods and REST requests with 429, and closes the connection of a
	// device that sends telemetry.
	Throttle bool `json:"throttle"`

	// Refuse answers every CONNECT with this code, unless it is ConnectionAccepted: 3 is an overloaded hub, 5 one that
	// refuses for good.
	Refuse mqttcodec.ConnectCode `json:"refuse"`

	// OnPacket, if set, decides about every packet from a device; id is its device id, "device/module" or, at DPS, its
	// registration id. It may wait, which delays this device alone. It must not keep p.
	OnPacket func(id string, p mqttcodec.Packet) Verdict `json:"-"`
}

// A Verdict is the decision of Faults.OnPacket about a packet.
type Verdict byte

const (
	Pass    Verdict = iota // handles it
	Discard                // ignores it, as if it had not arrived
	Break                  // breaks the link instead
)

// SetFaults changes the network from now on, for open connections too.
func (h *Hub) SetFaults(f Faults) error {
	if err := h.Open(context.Background()); err != nil {
		return err
	}
	switch {
	case f.Delay < 0:
		return errorf(400004, "ArgumentInvalid", "delayNs is negative")
	case !(f.Drop >= 0 && f.Drop <= 1):
		return errorf(400004, "ArgumentInvalid", "drop is a probability: from 0 to 1")
	case f.Refuse > mqttcodec.NotAuthorized:
		return errorf(400004, "ArgumentInvalid", "refuse is a CONNACK return code: from 0 to 5")
	}
	h.faults.Store(&f)
	h.note(Operation{Category: CategoryEmulator, Name: "faults", Level: LevelWarning, StatusCode: 200, Description: f.String()})
	return nil
}

// CurrentFaults returns the faults in force.
func (h *Hub) CurrentFaults() Faults {
	if h.Open(context.Background()) != nil {
		return Faults{}
	}
	return *h.faults.Load()
}

// String describes the network, such as "network: delay 200ms, drop 1 %".
func (f Faults) String() string {
	s := "network:"
	add := func(text string) {
		if s != "network:" {
			s += ","
		}
		s += " " + text
	}
	if f.Delay > 0 {
		add("delay " + f.Delay.String())
	}
	if f.Drop > 0 {
		add("drop " + percent(f.Drop))
	}
	if f.Throttle {
		add("throttle")
	}
	if f.Refuse != mqttcodec.ConnectionAccepted {
		add("refuse CONNECT (" + f.Refuse.String() + ")")
	}
	if f.OnPacket != nil {
		add("a hook decides about packets")
	}
	if s == "network:" {
		add("good")
	}
	return s
}

// throttles reports whether the faults throttle everything.
func (h *Hub) throttles() bool { return h.faults.Load().Throttle }

// verdict decides about a packet from a device.
func (f *Faults) verdict(id string, p mqttcodec.Packet) Verdict {
	if f.Drop > 0 && rand.Float64() < f.Drop {
		return Break
	}
	if f.OnPacket != nil {
		return f.OnPacket(id, p)
	}
	return Pass
}
