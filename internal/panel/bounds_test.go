package panel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// send sends messages to the hub from another client.
func (pg *person) send(client *hubclient.Client, n int) {
	pg.t.Helper()
	for range n {
		require.NoError(pg.t, client.Send(pg.t.Context(), hubclient.Message{Body: []byte(`{"n":1}`)}))
	}
	synctest.Wait()
}

// TestEveryLogIsBoundedAndShowsWhatItDropped: whatever comes, a log keeps so much, draws a window of it, and shows how much it dropped.
func TestEveryLogIsBoundedAndShowsWhatItDropped(t *testing.T) {
	const more = 250
	body := []byte(`{"n":1}`)
	journal := func(choose func(pg *person) *page.Journal, kind page.EntryKind, what string) (func(*person, int), func(*person) int) {
		return func(pg *person, n int) {
				pg.Update(func() {
					for i := range n {
						choose(pg).Add(pg.Now(), kind, l10n.Verbatim(what), l10n.Verbatim(fmt.Sprint(i)), nil)
					}
				})
			}, func(pg *person) (n int) {
				pg.Read(func() { n = len(choose(pg).Entries) })
				return n
			}
	}
	addDevice, keptDevice := journal(func(pg *person) *page.Journal { return &pg.DeviceLog }, page.Sent, "Telemetry")
	addHub, keptHub := journal(func(pg *person) *page.Journal { return pg.cloud.OperationsLog() }, page.StateChange, "deviceConnect")
	for name, log := range map[string]struct {
		topic    page.Topic
		limit    int
		come     func(pg *person, n int)
		kept     func(pg *person) int
		row      string // test id
		shows    string // test id of the element with the number of those that were dropped; empty: anywhere
		within   string // test id of the list, where rows have none
		existing int    // how many there are before
	}{
		"device log": {topic: page.TopicTelemetry, limit: journalLimit, come: addDevice, kept: keptDevice, shows: "device-log-dropped", within: "device-log"},
		"hub log":    {topic: page.TopicTelemetry, limit: journalLimit, come: addHub, kept: keptHub, shows: "cloud-log-dropped", within: "cloud-log"},
		"stored telemetry": {topic: page.TopicTelemetry, limit: eventLimit + eventLimit/10, come: func(pg *person, n int) {
			pg.send(pg.another("MyDevice01"), n)
		}, kept: func(pg *person) int { return len(pg.stored()) }, row: "event"},
		"inbox": {topic: page.TopicMessages, limit: inboxLimit, come: func(pg *person, n int) {
			for range n {
				require.NoError(t, pg.inbox.Received(t.Context(), hubclient.Delivery{Message: hubclient.Message{Body: body}}))
			}
		}, kept: func(pg *person) int { return len(pg.session().ToDevice) }, row: "message", shows: "inbox-dropped"},
		"direct methods": {topic: page.TopicMethods, limit: callLimit, come: func(pg *person, n int) {
			for range n {
				_, err := pg.methods.Called(t.Context(), hubclient.Method{Name: "reboot", Payload: json.RawMessage("null")})
				require.NoError(t, err)
			}
		}, kept: func(pg *person) int { return len(pg.session().Methods) }, row: "method-call", shows: "method-dropped"},
		"wire": {topic: page.TopicWire, limit: wire.DefaultLimit, come: func(pg *person, n int) {
			for range n {
				pg.inspector.Traced(hubclient.Traced{Direction: hubclient.Sent, Size: 10, Packet: &mqttcodec.Publish{TopicName: []byte("t"), Payload: body}})
			}
		}, kept: func(pg *person) int {
			lines := 0
			pg.saver(func(_ string, data []byte) { lines = strings.Count(string(data), "\n") })
			pg.click("wire-jsonl")
			return lines
		}, row: "wire-record", shows: "wire-dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg := openPage(t, "view="+string(log.topic))
				pg.View()
				before := log.kept
				existing := 0
				if log.within != "" {
					existing = before(pg)
				}
				log.come(pg, log.limit+more)
				time.Sleep(2 * time.Second) // it is calm again
				synctest.Wait()
				kept := log.kept(pg)
				require.LessOrEqual(t, kept, log.limit)
				require.Greater(t, kept, log.limit/2)
				dropped := fmt.Sprintf("%d older", existing+log.limit+more-kept)
				if log.shows != "" {
					require.Contains(t, pg.read(log.shows), dropped)
				} else {
					require.Contains(t, uitest.Text(pg.View()), dropped)
				}
				rows := len(pg.all(log.row))
				if log.within != "" {
					uitest.Walk(pg.find(log.within), func(n *ui.Node) bool {
						if n.Tag == "li" {
							rows++
						}
						return false
					})
				}
				require.Greater(t, rows, 5)
				require.LessOrEqual(t, rows, 100)
			})
		})
	}
}

// TestABusyListDrawsTheWindowOnly: while more comes than anybody reads, a list draws what its window shows, and all of its page when it
// is calm.
func TestABusyListDrawsTheWindowOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		device := pg.another("MyDevice01")
		pg.send(device, 100)
		pg.View()
		pg.send(device, 100)
		require.Len(t, pg.all("event"), eventsInWindow)
		scroll := func(top float64) {
			var list *ui.Node
			uitest.Walk(pg.View(), func(n *ui.Node) bool {
				if n.Tag == "div" && attrOf(n, "role") == "log" && len(uitest.All(n, "event")) > 0 {
					list = n
				}
				return false
			})
			require.NotNil(t, list)
			for _, l := range list.Events {
				if l.Event == "scroll" {
					pg.Handle(l.Do, ui.Event{Top: top})
					pg.settle()
				}
			}
		}
		scroll(90)
		require.Len(t, pg.all("event"), eventsPage, "somebody reads further down")
		scroll(0)
		require.Len(t, pg.all("event"), eventsInWindow)
		time.Sleep(2 * time.Second)
		require.Len(t, pg.all("event"), eventsPage, "it is calm")
	})
}

// TestWhatComesFastIsDrawnTogether: a thousand packets in a tenth of a second are one drawing and not a thousand, and none is forgotten.
func TestWhatComesFastIsDrawnTogether(t *testing.T) {
	const drawShare = 4 // a drawing is followed by this many times its own length without one
	synctest.Test(t, func(t *testing.T) {
		packets := 0
		var drawings atomic.Int64
		p := New(Env{Changed: func() { drawings.Add(1) }})
		defer p.Close()
		synctest.Wait()
		p.View()
		drawings.Store(0)
		for range 1000 {
			time.Sleep(100 * time.Microsecond)
			p.UpdateSoon(func() { packets++ })
		}
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1000, packets)
		require.Positive(t, drawings.Load())
		require.LessOrEqual(t, drawings.Load(), int64(3))

		p.View()
		p.Drew(50 * time.Millisecond)
		drawings.Store(0)
		p.UpdateSoon(func() {})
		time.Sleep(drawShare*50*time.Millisecond - time.Millisecond)
		synctest.Wait()
		require.Zero(t, drawings.Load(), "a slow page draws less often")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 1, drawings.Load())
		p.Update(func() {})
		require.EqualValues(t, 2, drawings.Load(), "what a person does is drawn at once")
	})
}

// TestStoredEventsOfTheStream: what the hub beside the page sends in its stream is shown, whatever it is.
func TestStoredEventsOfTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := openPage(t, "hub=inpage").hub() // it plays the one behind the page
		open := func() (pg *person, got func(lines string)) {
			stream, toPage := io.Pipe()
			fetch := func(ctx context.Context, r *hubservice.FetchRequest) (*hubservice.FetchResponse, error) {
				answer, err := hubservice.FetchFrom(hub, hubservice.InPageHost)(ctx, r)
				if err == nil && strings.HasPrefix(r.Path, string(hubservice.Telemetry)) {
					answer.Body.Close()
					answer.Body = stream
					context.AfterFunc(ctx, func() { stream.Close() })
				}
				return answer, err
			}
			return openWith(t, Env{Fetch: fetch, Params: page.ParseParams("view=telemetry", "")}), func(lines string) {
				_, err := io.WriteString(toPage, lines+"\n\n")
				require.NoError(t, err)
				synctest.Wait()
			}
		}
		pg, got := open()
		got("id: 1\n" + `data: {"sequenceNumber":1,"deviceId":"d","body":"eyJhIjoxfQ=="}`)
		got("id: 1\n" + `data: {"sequenceNumber":1,"deviceId":"d","body":"eyJhIjoxfQ=="}`)
		got("id: 2\n" + `data: not JSON`)
		events := pg.all("event")
		require.Len(t, events, 2, "the second one was seen before")
		require.Contains(t, uitest.Text(events[0]), "not JSON", "nothing is hidden")
		require.Contains(t, uitest.Text(events[1]), `"a": 1`)
		got("id: 9\n" + `data: {"sequenceNumber":9,"lost":6,"body":"","deviceId":"d"}`)
		require.Len(t, pg.all("event"), 3)
		require.Contains(t, uitest.Text(pg.View()), "6 older events were dropped")

		pg, got = open() // a carrier without ids
		got(`data: {"sequenceNumber":9,"lost":6,"body":"","deviceId":"d"}`)
		require.Len(t, pg.all("event"), 1)
		require.Contains(t, uitest.Text(pg.View()), "6 older events were dropped")
		got(`data: {`)
		require.Contains(t, pg.read("notice"), "not an event")
	})
}
