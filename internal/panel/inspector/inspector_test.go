package inspector

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/page/pagetest"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

type testRoom struct {
	*Room
	*pagetest.Person
	heard time.Time
}

func open(t *testing.T) *testRoom {
	t.Helper()
	room := New(pagetest.Open(t, page.TopicWire))
	pg := &testRoom{room, pagetest.Use(t, room.Page, room, room.Card), time.Time{}}
	room.Links.Heard = func(at time.Time) { pg.heard = at }
	return pg
}

func (pg *testRoom) publish(topic, payload string) {
	pg.Traced(hubclient.Traced{Direction: hubclient.Sent, Size: 10, Packet: &mqttcodec.Publish{TopicName: []byte(topic), Payload: []byte(payload)}})
}

func (pg *testRoom) puback(id uint16) {
	pg.Traced(hubclient.Traced{Direction: hubclient.Received, Size: 4, Packet: &mqttcodec.Puback{PacketID: id}})
}

func TestPacketsAreFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		require.Contains(t, pg.Text("wire-empty"), "Connect the device")
		for i := range 20 {
			pg.publish("devices/d/messages/events/", fmt.Sprint("body ", i))
		}
		pg.puback(7)
		require.Equal(t, time.Now(), pg.heard)
		time.Sleep(2 * time.Second) // the list is calm
		require.Len(t, pg.All("wire-record"), 21)

		pg.Type("wire-search", "BODY 1")
		require.Len(t, pg.All("wire-record"), 11, "1 and 10 to 19")
		pg.publish("devices/d/messages/events/", "body 100")
		require.Len(t, pg.All("wire-record"), 12, "a packet that arrives is searched too")
		pg.Select("wire-direction", "2")
		require.Empty(t, pg.All("wire-record"))
		pg.Type("wire-search", "")
		require.Len(t, pg.All("wire-record"), 1)
		pg.Select("wire-direction", "0")
		pg.Select("wire-type", fmt.Sprint(int(mqttcodec.PUBACK)))
		require.Len(t, pg.All("wire-record"), 1)

		pg.Click("wire-clear")
		require.True(t, pg.Has("wire-empty"))
		pg.publish("devices/d/messages/events/", "")
		pg.puback(8)
		require.Len(t, pg.All("wire-record"), 1, "the filter stays")
	})
}

// The filter searches the words that a person sees, so its result depends on the language.
func TestTheFilterFollowsTheLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.publish("devices/d/messages/events/", "x")
		pg.Type("wire-search", "telemetry,")
		require.Len(t, pg.All("wire-record"), 1)
		pg.Update(func() { pg.Language = catalog.Polish })
		require.Empty(t, pg.All("wire-record"))
		pg.Type("wire-search", "dane telemetryczne")
		require.Len(t, pg.All("wire-record"), 1)
	})
}

func TestAPacketInFieldsAndBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.puback(7)
		pg.Click("wire-record")
		require.Contains(t, pg.Text("wire-packet"), "PUBACK")
		require.Contains(t, pg.Text("wire-packet"), "Packet identifier")
		// From the hex to the field, and back.
		pg.Handle(pg.All("hex-byte")[3].Events[0].Do, ui.Event{})
		synctest.Wait()
		marked := 0
		for _, n := range pg.All("hex-byte") {
			if class, _ := n.Attr("class"); class == "hex-byte hex-marked" {
				marked++
			}
		}
		require.Equal(t, 2, marked, "the packet identifier has two bytes")
		pg.Click("wire-close")
		require.False(t, pg.Has("wire-packet"))
	})
}

// A click is about the packet that was drawn, also when the log has dropped it since.
func TestAClickOnADroppedPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.state.log.Limit = 8
		pg.puback(1)
		stale := pg.All("wire-record")[0]
		for i := range 20 {
			pg.puback(uint16(i + 2))
		}
		pg.Handle(stale.Events[0].Do, ui.Event{})
		synctest.Wait()
		require.Equal(t, 1, pg.state.selected)
		require.False(t, pg.Has("wire-packet"))
		require.Contains(t, uitest.Text(pg.View()), "older packets were dropped")
	})
}

func TestAPausedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.puback(1)
		pg.Click("wire-pause")
		pg.puback(2)
		pg.puback(3)
		require.Len(t, pg.All("wire-record"), 1)
		pg.Select("wire-direction", "2")
		require.Len(t, pg.All("wire-record"), 1, "with a filter too")
		pg.Click("wire-pause")
		require.Len(t, pg.All("wire-record"), 3, "the packets that came meanwhile were kept")
	})
}

// Every log is bounded: it keeps so many packets, draws a window of them, and shows how many were dropped.
func TestTheLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const more = 250
		pg := open(t)
		pg.View()
		for i := range wire.DefaultLimit + more {
			pg.puback(uint16(i + 1))
		}
		require.Len(t, pg.All("wire-record"), windowRows, "while it is busy, only the window is drawn")
		time.Sleep(2 * time.Second)
		require.Len(t, pg.All("wire-record"), pageRows)
		kept := len(pg.state.log.Records())
		require.LessOrEqual(t, kept, wire.DefaultLimit)
		require.Greater(t, kept, wire.DefaultLimit/2)
		require.Contains(t, pg.Text("wire-dropped"), fmt.Sprint(wire.DefaultLimit+more-kept, " older"))
		pg.Click("wire-more")
		require.Len(t, pg.All("wire-record"), 2*pageRows)
	})
}

func TestTheLogIsSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.puback(1)
		require.False(t, pg.Has("wire-pcapng"), "there is no way to save")
		saved := map[string][]byte{}
		pg.Env.Save = func(name, _ string, data []byte) { saved[name] = data }
		pg.Click("wire-pcapng")
		pg.Click("wire-jsonl")
		stamp := time.Now().UTC().Format("20060102-150405")
		require.Equal(t, []byte{0x0a, 0x0d, 0x0d, 0x0a}, saved["wire-"+stamp+".pcapng"][:4])
		require.Contains(t, string(saved["wire-log-"+stamp+".jsonl"]), `"type":"PUBACK"`)
	})
}

// All drawings at the same time show the same, and change nothing: the cache of the filter has a lock of its own.
func TestDrawingsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		for i := range 300 {
			pg.puback(uint16(i + 1))
		}
		pg.Update(func() { pg.state.filter.search.Set("puback") })
		time.Sleep(2 * time.Second)
		views := make(chan string, 8)
		for range cap(views) {
			pg.Go("a drawing", func(context.Context) {
				pg.Read(func() { views <- uitest.Markup(pg.Card()) })
			})
		}
		first := <-views
		require.Contains(t, first, "wire-record")
		for range cap(views) - 1 {
			require.Equal(t, first, <-views)
		}
	})
}
