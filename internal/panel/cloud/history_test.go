package cloud

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// operation is an entry of the operations log about a message.
func operation(name, device, module, messageID string) hubservice.Entry {
	return hubservice.Entry{Data: fmt.Appendf(nil,
		`{"category":%q,"operationName":%q,"deviceId":%q,"moduleId":%q,"messageId":%q,"level":"Information","statusCode":200,"description":"words that may change"}`,
		emulator.CategoryC2D, name, device, module, messageID)}
}

func outcomes(rows []*ui.Node) (list []string) {
	for _, row := range rows {
		outcome, _ := row.Attr("data-outcome")
		list = append(list, outcome)
	}
	return list
}

// The progress of a message comes from the names in the operations log, and ends with each of its ends.
func TestTheProgressOfAMessage(t *testing.T) {
	for name, want := range map[string]page.Outcome{
		"messageEnqueued": page.Pending, "messageDelivered": page.Pending, "messageLockExpired": page.Pending, "messageCompleted": page.Done,
		"messageExpired": page.Failed, "messageDeadLettered": page.Failed, "messagePurged": page.Failed, "messageDropped": page.Failed,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := openInPage(t, page.TopicMessages)
			require.NoError(t, r.Messages.Send(t.Context(), readyMade, hubservice.Message{MessageID: "m-1", Body: []byte("open")}))
			synctest.Wait() // the hub's own operation comes first
			r.gotOperation(operation(name, "another", "", "m-1"))
			r.gotOperation(operation(name, readyMade, "pump", "m-1"))
			r.gotOperation(operation(name, readyMade, "", "m-2"))
			require.Equal(t, []string{"pending"}, outcomes(r.All("c2d-sent")), "they are about other messages")
			r.gotOperation(operation(name, readyMade, "", "m-1"))
			require.Equal(t, []string{string(want)}, outcomes(r.All("c2d-sent")))
			step := deliveries[name].step
			require.Contains(t, r.Text("c2d-sent"), step.Error())
			r.Update(func() { r.Language = "pl" })
			require.NotEqual(t, step.Error(), catalog.Lang("pl").Words(step))
			require.Contains(t, r.Text("c2d-sent"), catalog.Lang("pl").Words(step))
		})
	}
}

// Messages with one id to two devices are two rows, each with a key of its own.
func TestMessagesWithOneIDToTwoDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicMessages)
		for _, id := range []string{readyMade, "second"} {
			if id != readyMade {
				require.NoError(t, r.client().CreateDevice(t.Context(), id, emulator.Authentication{}))
			}
			require.NoError(t, r.Messages.Send(t.Context(), id, hubservice.Message{MessageID: "m-1", Body: []byte("to " + id)}))
		}
		synctest.Wait()           // the hub's own operations come first
		rows := r.All("c2d-sent") // which checks the keys
		require.Len(t, rows, 2)
		require.NotEqual(t, rows[0].Key, rows[1].Key)
		require.Contains(t, uitest.Text(rows[0]), "to second")
		r.gotOperation(operation("messageCompleted", "second", "", "m-1"))
		require.Equal(t, []string{"done", "pending"}, outcomes(r.All("c2d-sent")))

		require.NoError(t, r.Messages.Send(t.Context(), readyMade, hubservice.Message{MessageID: "m-1", Body: []byte("again")}))
		require.Equal(t, []string{"pending", "done"}, outcomes(r.All("c2d-sent")), "an id that is used again begins again")
	})
}

func TestAMessageThatTheHubRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicMessages)
		require.Error(t, r.Messages.Send(t.Context(), "nobody", hubservice.Message{Body: []byte("open")}))
		require.Equal(t, []string{"failed"}, outcomes(r.All("c2d-sent")))
		require.Contains(t, r.Text("c2d-sent"), "DeviceNotFound")
	})
}
