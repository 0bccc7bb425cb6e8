package inbox

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/page/pagetest"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

type testRoom struct {
	*Room
	*pagetest.Person
}

func open(t *testing.T) testRoom {
	t.Helper()
	room := New(pagetest.Open(t, page.TopicMessages))
	room.Links.IsModule = func() bool { return false }
	return testRoom{room, pagetest.Use(t, room.Page, room, room.Card)}
}

func TestTheInboxIsSearchedFilteredAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		deliver := func(body string, properties ...hubproto.Property) {
			require.NoError(t, pg.Received(t.Context(), hubclient.Delivery{Message: hubclient.Message{Body: []byte(body), Properties: properties}}))
		}
		deliver("Close the valve", hubproto.Property{Name: "Urgency", Null: true}, hubproto.Property{Name: "Room"})
		deliver(`{"valve": "open"}`)
		deliver("\x00\xff\x10A")
		require.Len(t, pg.All("message"), 3)
		require.Equal(t, "00000000  00 ff 10 41                                      ...A", pg.Text("message-body"), "bytes that are no text come as a dump")
		require.Contains(t, uitest.Text(pg.All("message")[2]), `Urgency (null) Room = ""`)

		pg.Type("inbox-search", "VALVE")
		require.Equal(t, "2 of 3", pg.Text("inbox-count"))
		pg.Select("inbox-kind", "json")
		require.Equal(t, "1 of 3", pg.Text("inbox-count"))
		require.Contains(t, pg.Text("message"), `"valve": "open"`)
		pg.Select("message-form", "hex")
		require.Contains(t, pg.Text("message-body"), "00000000  7b 22 76")

		pg.Select("inbox-kind", "")
		pg.Type("inbox-search", "urgency")
		require.Equal(t, "1 of 3", pg.Text("inbox-count"), "properties are searched too")

		pg.Type("inbox-search", "")
		for i := range inboxLimit {
			deliver(fmt.Sprint("message ", i))
		}
		require.Len(t, pg.All("message"), inboxPage, "only the newest are drawn")
		require.Contains(t, pg.Text("message"), fmt.Sprint("message ", inboxLimit-1))
		pg.Click("inbox-more")
		require.Len(t, pg.All("message"), 2*inboxPage)
		require.Contains(t, pg.Text("inbox-dropped"), "3 older messages were dropped")

		pg.Click("inbox-clear")
		require.False(t, pg.Has("message"))
	})
}

func TestAMessageIsCopiedWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		long := string(make([]byte, 3*bodyShown))
		require.NoError(t, pg.Received(t.Context(), hubclient.Delivery{Message: hubclient.Message{Body: []byte(long)}}))
		require.False(t, pg.Has("message-copy"), "there is no clipboard")
		var copied string
		pg.Env.Copy = func(_ context.Context, text string) error { copied = text; return nil }
		require.Contains(t, pg.Text("message"), "The first 8192 of 24576 bytes are shown")
		pg.Select("message-form", "text")
		pg.Click("message-copy")
		require.Equal(t, long, copied)
		require.Equal(t, "Copied", pg.Text("message-copy"))
	})
}

// A message is completed when its PUBACK was written, and not when it is received.
func TestAMessageIsCompletedByItsPuback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		deliver := func(id uint64, qos mqttcodec.QoS) *page.Entry {
			pg.receive(hubclient.Delivery{Message: hubclient.Message{Body: []byte("x")}}, id, qos)
			return pg.DeviceLog.Entries[len(pg.DeviceLog.Entries)-1]
		}
		newest := func() string { return pg.Text("message") }

		first, second := deliver(1, mqttcodec.QoS1), deliver(2, mqttcodec.QoS1)
		require.Equal(t, page.Pending, second.Outcome)
		require.Nil(t, second.Note)
		require.NotContains(t, newest(), "completed")
		pg.Acknowledged(2)
		require.Equal(t, page.Done, second.Outcome)
		require.EqualError(t, second.Note, "completed (PUBACK)")
		require.Contains(t, newest(), "completed")
		require.Equal(t, page.Pending, first.Outcome, "each has its own")

		// QoS 0 has no PUBACK. A connection that begins counts its deliveries from 1 again.
		third := deliver(3, mqttcodec.QoS0)
		pg.Acknowledged(3)
		require.Empty(t, third.Outcome)
		require.Nil(t, third.Note)
		require.NotContains(t, newest(), "completed")
		pg.Update(pg.Connecting)
		require.Equal(t, page.Failed, first.Outcome)
		require.EqualError(t, first.Note, "not acknowledged: the connection ended")
		fourth := deliver(1, mqttcodec.QoS1)
		pg.Click("inbox-clear")
		pg.Acknowledged(1)
		require.Equal(t, page.Done, fourth.Outcome, "the log follows a message that was cleared from the inbox")
		require.Equal(t, page.Failed, first.Outcome)
	})
}

// The texts that are kept follow a change of the language, and views that are drawn at the same time change nothing.
func TestTheInboxInAnotherLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.receive(hubclient.Delivery{Input: "alarms", Message: hubclient.Message{Body: []byte("x")}}, 1, mqttcodec.QoS1)
		pg.Acknowledged(1)
		pg.Update(func() { pg.Language = catalog.Polish })
		e := pg.DeviceLog.Entries[0]
		require.Equal(t, "Komunikat do wejścia alarms", pg.Words(e.What))
		require.Equal(t, "ukończono (PUBACK)", pg.Words(e.Note))
		before := uitest.Markup(pg.View())
		for range 4 {
			pg.Go("a drawing", func(context.Context) { pg.View() })
		}
		synctest.Wait()
		require.Equal(t, before, uitest.Markup(pg.View()))
	})
}

func TestTheInboxInASessionFileAndAScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		message := func(body string) hubclient.Delivery {
			return hubclient.Delivery{Message: hubclient.Message{Body: []byte(body), Properties: hubproto.Properties{{Name: "p", Null: true}},
				SystemProperties: hubproto.SystemProperties{MessageID: "m-1"}}}
		}
		var d savefile.Document
		pg.Save(&d)
		require.NotNil(t, d.ToDevice, "an empty list and not null")
		require.NoError(t, pg.Received(t.Context(), message("old")))
		from := pg.Next()
		require.NoError(t, pg.Received(t.Context(), message("new")))
		pg.Save(&d)
		require.Len(t, d.ToDevice, 2)
		require.Equal(t, "new", d.ToDevice[1].Body)
		require.Equal(t, map[string]any{"message-id": "m-1"}, d.ToDevice[1].System)
		list := pg.Sightings(from)
		require.Len(t, list, 1)
		require.Equal(t, "new", list[0].Value.(map[string]any)["data"])
		require.Equal(t, "m-1", list[0].Value.(map[string]any)["messageId"])
	})
}
