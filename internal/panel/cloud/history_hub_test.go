package cloud

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

// The hub itself gives the progress of a message: delivered and completed, purged, dropped with the session.
func TestTheProgressOfAMessageByTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicMessages)
		send := func(id string) {
			require.NoError(t, r.Messages.Send(t.Context(), readyMade, hubservice.Message{MessageID: id, Body: []byte("open")}))
			synctest.Wait()
		}
		send("m-1")
		require.Equal(t, []string{"pending"}, outcomes(r.All("c2d-sent")))
		r.Registry.purge(readyMade)
		synctest.Wait()
		require.Equal(t, []string{"failed"}, outcomes(r.All("c2d-sent")))
		require.Contains(t, r.Text("c2d-sent"), "purged")
		send("m-2")
		r.connect(t)
		require.Equal(t, []string{"done", "failed"}, outcomes(r.All("c2d-sent")))
		require.Contains(t, r.Text("c2d-sent"), "sent to the device")
	})
}
