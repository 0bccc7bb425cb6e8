package panel

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

func TestTheInboxIsSearchedFilteredAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=messages")
		deliver := func(body string, properties ...hubproto.Property) {
			require.NoError(t, pg.inbox.Received(t.Context(), hubclient.Delivery{Message: hubclient.Message{Body: []byte(body), Properties: properties}}))
		}
		deliver("Close the valve", hubproto.Property{Name: "Urgency", Null: true}, hubproto.Property{Name: "Room"})
		deliver(`{"valve": "open"}`)
		deliver("\x00\xff\x10A")
		require.Len(t, pg.all("message"), 3)
		require.Equal(t, "00000000  00 ff 10 41                                      ...A", pg.read("message-body"), "bytes that are no text come as a dump")
		require.Contains(t, uitest.Text(pg.all("message")[2]), `Urgency (null) Room = ""`)

		pg.typeIn("inbox-search", "VALVE")
		require.Equal(t, "2 of 3", pg.read("inbox-count"))
		pg.fire("inbox-kind", "change", ui.Event{Value: "json"})
		require.Equal(t, "1 of 3", pg.read("inbox-count"))
		require.Contains(t, pg.read("message"), `"valve": "open"`)
		pg.fire("message-form", "change", ui.Event{Value: "hex"})
		require.Contains(t, pg.read("message-body"), "00000000  7b 22 76")

		pg.fire("inbox-kind", "change", ui.Event{Value: ""})
		pg.typeIn("inbox-search", "urgency")
		require.Equal(t, "1 of 3", pg.read("inbox-count"), "properties are searched too")

		pg.typeIn("inbox-search", "")
		for i := range inboxLimit {
			deliver(fmt.Sprint("message ", i))
		}
		require.Len(t, pg.all("message"), inboxPage, "only the newest are drawn")
		require.Contains(t, pg.read("message"), fmt.Sprint("message ", inboxLimit-1))
		pg.click("inbox-more")
		require.Len(t, pg.all("message"), 2*inboxPage)
		require.Contains(t, pg.read("inbox-dropped"), "3 older messages were dropped")

		pg.click("inbox-clear")
		require.False(t, pg.has("message"))
	})
}

// What a person sends without a value, with an empty one and with one arrives as three different things.
func TestNullEmptyAndSetAreDistinct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=messages")
		pg.connect()
		pg.typeIn("c2d-property-value-0", "high")
		pg.click("c2d-property-add")
		pg.typeIn("c2d-property-name-1", "urgent")
		pg.click("c2d-property-null-1")
		pg.click("c2d-property-add")
		pg.typeIn("c2d-property-name-2", "room")
		pg.click("c2d-send")
		message := pg.read("message")
		for _, want := range []string{"priority = high", "urgent (null)", `room = ""`, "completed"} {
			require.Contains(t, message, want)
		}
		pg.click("c2d-property-null-1")
		pg.click("c2d-send")
		require.Contains(t, pg.read("message"), `urgent = ""`)
	})
}

func TestAMessageIsCopiedWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=messages")
		long := string(make([]byte, 3*8192))
		require.NoError(t, pg.inbox.Received(t.Context(), hubclient.Delivery{Message: hubclient.Message{Body: []byte(long)}}))
		require.False(t, pg.has("message-copy"), "there is no clipboard")
		var copied string
		pg.clipboard(&copied)
		require.Contains(t, pg.read("message"), "The first 8192 of 24576 bytes are shown")
		pg.fire("message-form", "change", ui.Event{Value: "text"})
		pg.click("message-copy")
		require.Equal(t, long, copied)
		require.Equal(t, "Copied", pg.read("message-copy"))
	})
}
