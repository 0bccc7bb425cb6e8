package panel

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// TestEveryLogIsBoundedAndSaysWhatItDropped: whatever comes, a log keeps so much, draws a window of it, and tells how much went.
func TestEveryLogIsBoundedAndSaysWhatItDropped(t *testing.T) {
	const more = 250
	body := []byte(`{"n":1}`)
	for name, log := range map[string]struct {
		topic     Topic
		limit     int
		come      func(p *Panel, i int) // under the lock
		kept      func(p *Panel) int
		row, says string // test ids
		within    string // the element that holds the words
	}{
		"device log": {TopicTelemetry, journalLimit, func(p *Panel, i int) { p.deviceLog.add(p.now(), entrySent, "Telemetry", fmt.Sprint(i), "") },
			func(p *Panel) int { return len(p.deviceLog.entries) }, "", "device-log-dropped", "device-log"},
		"hub log": {TopicTelemetry, journalLimit, func(p *Panel, i int) { p.cloud.log.add(p.now(), entryState, "deviceConnect", fmt.Sprint(i), "") },
			func(p *Panel) int { return len(p.cloud.log.entries) }, "", "cloud-log-dropped", "cloud-log"},
		"stored telemetry": {TopicTelemetry, eventLimit + eventLimit/10, func(p *Panel, i int) {
			p.store(storedEvent{sequence: int64(i + 1), event: &emulator.Event{SequenceNumber: int64(i + 1), Body: body}})
		}, func(p *Panel) int { return len(p.cloud.events) }, "event", "", ""},
		"inbox": {TopicMessages, inboxLimit, func(p *Panel, i int) { p.inbox.add(&received{at: p.now(), message: hubclient.Message{Body: body}}) },
			func(p *Panel) int { return len(p.inbox.messages) }, "message", "inbox-dropped", ""},
		"direct methods": {TopicMethods, callLimit, func(p *Panel, i int) {
			p.methods.add(&methodCall{name: "reboot", state: callAnswered, line: &entry{}})
		}, func(p *Panel) int { return len(p.methods.calls) }, "method-call", "method-dropped", ""},
		"wire": {TopicWire, wire.DefaultLimit, func(p *Panel, i int) {
			require.NoError(t, p.wire.log.Add(p.now(), wire.Sent, i+1, 10, &mqttcodec.Publish{TopicName: []byte("t"), Payload: body}))
		}, func(p *Panel) int { return len(p.wire.log.Records()) }, "wire-record", "wire-dropped", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg := openPage(t, "view="+string(log.topic))
				pg.View()
				pg.update(func() {
					for i := range log.limit + more {
						log.come(pg.Panel, i)
					}
				})
				time.Sleep(2 * time.Second) // the rush is over
				require.LessOrEqual(t, log.kept(pg.Panel), log.limit)
				require.Greater(t, log.kept(pg.Panel), log.limit/2)
				gone := fmt.Sprintf("%d older", log.limit+more-log.kept(pg.Panel))
				if log.says != "" {
					require.Contains(t, pg.read(log.says), gone)
				} else {
					require.Contains(t, textOf(pg.View()), gone)
				}
				drawn := 0
				if log.row != "" {
					drawn = len(pg.all(log.row))
				} else {
					rows := 0
					walk(pg.find(log.within), func(n *Node) bool {
						if n.Tag == "li" {
							rows++
						}
						return false
					})
					drawn = rows
				}
				require.Greater(t, drawn, 5)
				require.LessOrEqual(t, drawn, 100)
			})
		})
	}
}

// TestARushDrawsTheWindowOnly: while more comes than anybody reads, a list draws what its window shows, and all of its page when it is calm.
func TestARushDrawsTheWindowOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		n := int64(0)
		come := func() {
			pg.update(func() {
				for range 100 {
					n++
					pg.store(storedEvent{sequence: n, event: &emulator.Event{SequenceNumber: n, Body: []byte("{}")}})
				}
			})
		}
		come()
		pg.View()
		come()
		require.Len(t, pg.all("event"), eventsInWindow)
		pg.cloud.look.rush.scrolled = true
		require.Len(t, pg.all("event"), eventsPage, "somebody reads further down")
		pg.cloud.look.rush.scrolled = false
		time.Sleep(2 * time.Second)
		require.Len(t, pg.all("event"), eventsPage, "it is calm")
	})
}

// TestWhatComesFastIsDrawnTogether: a thousand packets in a tenth of a second are one drawing and not a thousand, and none is forgotten.
func TestWhatComesFastIsDrawnTogether(t *testing.T) {
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
			p.updateSoon(func() { packets++ })
		}
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1000, packets)
		require.Positive(t, drawings.Load())
		require.LessOrEqual(t, drawings.Load(), int64(3))

		p.View()
		p.Drew(50 * time.Millisecond)
		drawings.Store(0)
		p.updateSoon(func() {})
		time.Sleep(drawShare*50*time.Millisecond - time.Millisecond)
		synctest.Wait()
		require.Zero(t, drawings.Load(), "a slow page draws less often")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.EqualValues(t, 1, drawings.Load())
		p.update(func() {})
		require.EqualValues(t, 2, drawings.Load(), "what a person does is drawn at once")
	})
}

// TestStoredEventsAreReadWhenSomebodyLooks: the stream's ids are enough to keep them in order.
func TestStoredEventsAreReadWhenSomebodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.gotEvent("1", []byte(`{"sequenceNumber":1,"deviceId":"d","body":"eyJhIjoxfQ=="}`))
		pg.gotEvent("1", []byte(`{"sequenceNumber":1,"deviceId":"d","body":"eyJhIjoxfQ=="}`))
		pg.gotEvent("2", []byte(`not JSON`))
		require.Nil(t, pg.cloud.events[0].event)
		events := pg.all("event")
		require.Len(t, events, 2, "the second one was seen before")
		require.Contains(t, textOf(events[0]), "not JSON", "nothing is hidden")
		require.Contains(t, textOf(events[1]), `"a": 1`)

		pg.gotEvent("", []byte(`{"sequenceNumber":9,"lost":6,"body":"","deviceId":"d"}`))
		require.Len(t, pg.all("event"), 3)
		require.Contains(t, textOf(pg.View()), "6 older events were dropped")
		pg.gotEvent("", []byte(`{`))
		require.Contains(t, pg.read("notice"), "not an event")
	})
}
