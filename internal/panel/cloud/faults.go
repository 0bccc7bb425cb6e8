package cloud

import (
	"context"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Faults are the faults that a person simulates. Those of the network are the hub's, and every page that shows it sees them; the second
// session is this page's.
type Faults struct {
	room        *Room
	inForce     emulator.Faults // at the last answer of the hub
	delay, drop ui.Field        // in milliseconds, and in percent
	refuse      string          // a CONNACK code
	busy        bool
	result      page.Result
	rival       rival
}

func newFaults(room *Room) *Faults {
	f := &Faults{room: room, refuse: "3"}
	f.delay.Set("500")
	f.drop.Set("5")
	return f
}

// maxDelay is the longest delay that the page offers: a keep-alive of some minutes survives it.
const maxDelay = time.Minute

// any reports whether there is a fault that clear would end. The lock is held.
func (f *Faults) any() bool {
	in := f.inForce
	return in.Delay > 0 || in.Drop > 0 || in.Throttle || in.Refuse != 0 || f.rival.running()
}

// Load asks the hub which faults are in force, and does not wait for the answer. It can be called with or without the lock.
func (f *Faults) Load() { f.room.Go("the faults", f.read) }

func (f *Faults) read(ctx context.Context) {
	var in emulator.Faults
	err := f.room.call(ctx, func(c *hubservice.Client) (err error) {
		in, err = c.Faults(ctx)
		return err
	})
	f.show(ctx, in, err)
}

// Replace puts faults in force in place of those that are. The lock is not held.
func (f *Faults) Replace(ctx context.Context, faults emulator.Faults) error {
	var in emulator.Faults
	err := f.room.call(ctx, func(c *hubservice.Client) (err error) {
		in, err = c.SetFaults(ctx, faults)
		return err
	})
	f.show(ctx, in, err)
	return err
}

// show shows the hub's answer.
func (f *Faults) show(ctx context.Context, in emulator.Faults, err error) {
	if ctx.Err() != nil {
		return
	}
	f.room.Update(func() {
		f.busy = false
		if err != nil {
			f.result = page.ResultOf(err, nil)
			return
		}
		f.inForce, f.result = in, page.Result{}
	})
}

// change changes some of the faults in force, and leaves the others as the hub has them now. The lock is not held.
func (f *Faults) change(change func(*emulator.Faults)) {
	f.room.Update(func() { f.busy = true })
	f.room.Go("change the faults", func(ctx context.Context) {
		var in emulator.Faults
		err := f.room.call(ctx, func(c *hubservice.Client) (err error) {
			if in, err = c.Faults(ctx); err != nil {
				return err
			}
			change(&in)
			in, err = c.SetFaults(ctx, in)
			return err
		})
		f.show(ctx, in, err)
	})
}

// setDelay delays every packet to devices by the time in the form, or ends that.
func (f *Faults) setDelay(on bool) {
	var text string
	f.room.Read(func() { text = f.delay.Trimmed() })
	ms, err := strconv.ParseFloat(text, 64)
	if on && (err != nil || !(ms > 0 && ms <= float64(maxDelay.Milliseconds()))) {
		f.Fail(l10n.New("the delay is a number of milliseconds, more than 0 and at most %d", maxDelay.Milliseconds()))
		return
	}
	f.change(func(in *emulator.Faults) {
		in.Delay = 0
		if on {
			in.Delay = time.Duration(ms * float64(time.Millisecond))
		}
	})
}

// setDrop breaks the link at the share of packets in the form, or ends that.
func (f *Faults) setDrop(on bool) {
	var text string
	f.room.Read(func() { text = f.drop.Trimmed() })
	percent, err := strconv.ParseFloat(text, 64)
	if on && (err != nil || !(percent > 0 && percent <= 100)) {
		f.Fail(l10n.New("the share is a percentage, more than 0 and at most 100"))
		return
	}
	f.change(func(in *emulator.Faults) {
		in.Drop = 0
		if on {
			in.Drop = percent / 100
		}
	})
}

// setThrottle makes the hub refuse work as if its quota were used up, or ends that.
func (f *Faults) setThrottle(on bool) {
	f.change(func(in *emulator.Faults) { in.Throttle = on })
}

// setRefuse answers every CONNECT with the code in the form, or ends that.
func (f *Faults) setRefuse(on bool) {
	code := 0
	f.room.Read(func() { code, _ = strconv.Atoi(f.refuse) }) // one of the select's
	f.change(func(in *emulator.Faults) {
		in.Refuse = mqttcodec.ConnectionAccepted
		if on {
			in.Refuse = mqttcodec.ConnectCode(code)
		}
	})
}

// clear ends all faults, and the second session.
func (f *Faults) clear() {
	f.setRival(false)
	f.change(func(in *emulator.Faults) { *in = emulator.Faults{} })
}

// cut breaks the target's connection, as a network would.
func (f *Faults) cut() {
	target := f.Begin()
	f.room.Go("cut the connection", func(ctx context.Context) {
		err := f.room.call(ctx, func(c *hubservice.Client) error { return c.Cut(ctx, target) })
		f.room.Update(func() {
			f.busy, f.result = false, page.ResultOf(err, l10n.New("The connection of %s was cut.", target))
		})
	})
}

// Begin marks the faults as busy, and returns the device that they are for. Fail or Succeed ends that. The lock is not held.
func (f *Faults) Begin() (deviceID string) {
	f.room.Update(func() { f.busy, deviceID = true, f.room.target.device })
	return deviceID
}

// Fail shows why a fault could not be simulated. The lock is not held.
func (f *Faults) Fail(err error) {
	f.room.Update(func() { f.busy, f.result = false, page.ResultOf(err, nil) })
}

// Succeed shows the result of a fault. The lock is held.
func (f *Faults) Succeed(text l10n.Text) { f.busy, f.result = false, page.Result{OK: true, Text: text} }

// commands simulate faults, with the settings of the form.
func (f *Faults) commands() []page.Command {
	can, hint := f.room.OnEmulator() && !f.busy, l10n.New("Make trouble")
	var list []page.Command
	for _, s := range f.switches() {
		c := page.Command{ID: s.id + "-on", Name: l10n.New("%s: on", s.name), Hint: hint, Enabled: can, Do: func() { s.set(true) }}
		if s.on {
			c = page.Command{ID: s.id + "-off", Name: l10n.New("%s: off", s.name), Hint: hint, Enabled: can, Do: func() { s.set(false) }}
		}
		list = append(list, c)
	}
	return append(list,
		page.Command{ID: "fault-cut", Name: l10n.New("Cut the connection"), Hint: hint, Enabled: can, Do: f.cut},
		page.Command{ID: "fault-expire", Name: l10n.New("Let the token expire"), Hint: hint, Enabled: can, Do: f.room.Links.ExpireToken},
		page.Command{ID: "faults-end", Name: l10n.New("End all trouble"), Hint: hint, Enabled: can && f.any(), Do: f.clear})
}

// faultSwitch is a fault that is on or off.
type faultSwitch struct {
	id          string
	name, about l10n.Text
	on          bool
	set         func(bool)
}

// switches returns the faults that are on or off, in their order. The lock is held.
func (f *Faults) switches() []faultSwitch {
	in := &f.inForce
	return []faultSwitch{
		{"fault-delay", l10n.New("Delay"), l10n.New("Everything that goes to devices is held back: acknowledgements, answers and messages come late, in order."), in.Delay > 0, f.setDelay},
		{"fault-drop", l10n.New("Drop"), l10n.New("Now and then a packet breaks the link. The device connects again and repeats what was not acknowledged."), in.Drop > 0, f.setDrop},
		{"fault-throttle", l10n.New("Throttle"), l10n.New("The hub is over its quota: twin requests, methods and the cloud side are answered 429, and telemetry closes the connection."), in.Throttle, f.setThrottle},
		{"fault-refuse", l10n.New("Refuse to connect"), l10n.New("Every CONNECT is refused. Cut the connection to see it: with 3 the device goes on trying, with 5 it gives up."), in.Refuse != 0, f.setRefuse},
		{"fault-second", l10n.New("Second session"), l10n.New("Another program connects with this device's identity. The hub closes the older connection each time (400027): the two take turns, until one gives up."), f.rival.running(), f.setRival},
	}
}
