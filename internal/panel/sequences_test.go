package panel

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// sequences is how many random sequences TestAnySequenceOfActions does, and actions how many actions each has. The numbers stay the
// same on every machine and the seeds are the sequences' numbers, so that a failure can be repeated.
const (
	sequences = 1000
	actions   = 50
)

// Whatever a person does, in whatever order and however fast, the page has one connection at most, and Disconnect ends what the hub sees.
func TestAnySequenceOfActions(t *testing.T) {
	n := sequences
	switch {
	case raceDetector:
		n /= 10 // it is several times as slow; make test does all of them without it, too
	case runtime.GOOS == "js":
		n /= 20 // one thread, and the same code
	}
	for seed := range n {
		synctest.Test(t, func(t *testing.T) { doAnything(t, uint64(seed)) })
		if t.Failed() {
			t.Fatalf("the sequence with the seed %d", seed)
		}
	}
}

// doAnything does a sequence of actions without waiting for any of them, and then disconnects. A goroutine that outlives the page fails
// the test, because the synctest bubble cannot end.
func doAnything(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	noNetwork := func(context.Context, string) (net.Conn, error) { return nil, errors.New("there is no network here") }
	pg := openWith(t, Env{Params: page.ParseParams("view=telemetry", ""), Dial: noNetwork})
	pg.connection.Connect() // some sequences are about what follows
	if random.IntN(2) == 0 {
		pg.connection.Disconnect()
	}
	for range actions {
		pg.doSomething(random)
		switch random.IntN(4) {
		case 0:
			synctest.Wait()
		case 1:
			time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
		}
	}
	pg.scenarios.Stop()
	synctest.Wait()
	pg.do("faults-end")          // the second session is a connection of its own
	time.Sleep(30 * time.Second) // what is under way ends, such as a registration that connects at its end
	pg.connection.Disconnect()
	time.Sleep(30 * time.Second)
	synctest.Wait()
	uitest.Valid(t, pg.View())
	require.Empty(t, pg.fatal)
	state, _ := pg.find("state").Attr("data-state")
	require.Contains(t, []string{"disconnected", "refused"}, state)
	pg.Read(func() {
		require.False(t, pg.connection.Running())
		require.NotEqual(t, hubclient.Connected, pg.connection.State().Phase)
	})
	require.NoError(t, pg.emulator.Hub.SetFaults(emulator.Faults{})) // or it may refuse to tell
	devices, err := pg.emulator.Client.Devices(t.Context())
	require.NoError(t, err)
	for _, d := range devices {
		require.EqualValues(t, "Disconnected", d.ConnectionState, "%s is connected for the hub, and the page says that it is not", d.DeviceID)
	}
	for _, row := range pg.all("registered") {
		require.NotContains(t, uitest.Text(row), "connected "+row.Key)
	}
}

// do does a command, if it can be done now.
func (pg *person) do(id string) {
	pg.Read(func() {
		for _, c := range pg.commands() {
			if c.ID == id && c.Enabled {
				pg.Enqueue(c.Do)
			}
		}
	})
	synctest.Wait()
}

// doSomething does what a person could do at the moment: it runs a command, or fires an event of the view.
func (pg *person) doSomething(random *rand.Rand) {
	if random.IntN(3) == 0 { // more of what is about the connection than of the rest
		connecting := []func(){pg.connection.Connect, pg.connection.Disconnect, pg.connection.TryNow, pg.provisioning.RegisterDevice, pg.provisioning.RegisterOnly,
			pg.provisioning.ConnectAssigned, pg.provisioning.CancelRegistration, pg.expireToken, pg.diagnosis.FindOutWhy, pg.scenarios.Start, pg.scenarios.Stop}
		pg.Enqueue(connecting[random.IntN(len(connecting))])
		return
	}
	var possible []func()
	if random.IntN(2) == 0 {
		pg.Read(func() {
			for _, c := range pg.commands() {
				if c.Enabled {
					possible = append(possible, func() { pg.Enqueue(c.Do) })
				}
			}
		})
	} else {
		uitest.Walk(pg.View(), func(n *ui.Node) bool {
			if _, disabled := n.Attr("disabled"); disabled {
				return false
			}
			for _, l := range n.Events {
				possible = append(possible, func() { pg.Handle(l.Do, pg.event(random, n, l)) })
			}
			return false
		})
	}
	possible[random.IntN(len(possible))]()
}

// event is what the browser could report of an element.
func (pg *person) event(random *rand.Rand, n *ui.Node, l ui.Listener) ui.Event {
	e := ui.Event{Checked: random.IntN(2) == 0, Top: float64(random.IntN(500)), Height: 300, X: random.Float64(), Y: random.Float64(),
		Phase: []string{"down", "move", "up", "leave"}[random.IntN(4)], Value: n.Value}
	if n.Tag == "select" {
		option := n.Children[random.IntN(max(len(n.Children), 1))]
		e.Value, _ = option.Attr("value")
	} else if random.IntN(3) == 0 {
		e.Value = []string{"", "x", "1", "{", `{"a": 1}`, "0"}[random.IntN(6)]
	}
	if len(l.Keys) > 0 {
		e.Key = l.Keys[random.IntN(len(l.Keys))]
	}
	return e
}
