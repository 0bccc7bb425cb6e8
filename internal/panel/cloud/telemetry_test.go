package cloud

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

func (r *testRoom) arrive(from, n int) {
	r.Update(func() {
		for i := range n {
			r.Telemetry.add(hubservice.NewStoredEvent(&emulator.Event{SequenceNumber: int64(from + i + 1), Body: []byte(`{"n":1}`)}))
		}
	})
}

// The list keeps so many events, draws a window of them, and shows how many were dropped.
func TestStoredTelemetryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, more = eventLimit + eventLimit/10, 250
		r := openInPage(t, page.TopicTelemetry)
		r.View()
		r.arrive(0, limit+more)
		time.Sleep(2 * time.Second) // the list is calm again
		kept := len(r.Telemetry.events)
		require.LessOrEqual(t, kept, limit)
		require.Greater(t, kept, limit/2)
		require.Contains(t, uitest.Text(r.View()), fmt.Sprintf("%d older", limit+more-kept))
		require.Len(t, r.All("event"), eventsPage)
	})
}

// While more comes than anybody reads, the list draws what its window shows, and all of its page when it is calm.
func TestABusyListDrawsItsWindowOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicTelemetry)
		r.arrive(0, 100)
		r.View()
		r.arrive(100, 100)
		require.Len(t, r.All("event"), eventsInWindow)
		var list *ui.Node
		uitest.Walk(r.View(), func(n *ui.Node) bool {
			if label, _ := n.Attr("aria-label"); label == "Telemetry" {
				list = n
			}
			return false
		})
		require.NotNil(t, list)
		scroll := func(top float64) {
			for _, l := range list.Events {
				if l.Event == "scroll" {
					r.Handle(l.Do, ui.Event{Top: top})
					synctest.Wait()
				}
			}
		}
		scroll(90)
		require.Len(t, r.All("event"), eventsPage, "somebody reads further down")
		scroll(0)
		require.Len(t, r.All("event"), eventsInWindow)
		time.Sleep(2 * time.Second)
		require.Len(t, r.All("event"), eventsPage, "it is calm")
	})
}

func TestStoredTelemetryIsFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicTelemetry)
		device := r.connect(t)
		for range eventsPage + 3 {
			require.NoError(t, device.Send(t.Context(), hubclient.Message{Body: []byte(`{"a": 1}`)}))
		}
		time.Sleep(2 * time.Second)
		require.Len(t, r.All("event"), eventsPage)
		r.Click("events-more")
		require.Len(t, r.All("event"), eventsPage+3)
		r.Select("events-form", string(page.FormHex))
		require.Contains(t, r.Text("event"), "7b 22 61 22")
		r.Select("events-device", "another")
		require.False(t, r.Has("event"))
		r.Select("events-device", readyMade)
		require.True(t, r.Has("event"))
	})
}

func TestAnEntryThatIsNotAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicTelemetry)
		r.Telemetry.got(hubservice.Entry{Number: 1, Data: []byte("not JSON")})
		require.Contains(t, r.Text("event"), "not JSON", "nothing is hidden")
		r.Telemetry.got(hubservice.Entry{Number: 9, Data: []byte(`{"sequenceNumber":9,"lost":6,"body":"","deviceId":"d"}`)})
		require.Contains(t, uitest.Text(r.View()), "6 older events were dropped")
		r.Telemetry.got(hubservice.Entry{Data: []byte("{")})
		require.ErrorContains(t, r.Notice.Text, "not an event")
	})
}

func TestFormsInASessionFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := openInPage(t, page.TopicMessages)
		r.connect(t)
		r.Type("c2d-body", "open")
		r.Type("c2d-expiry", "60")
		r.Select("c2d-ack", "full")
		var d, again savefile.Document
		r.Read(func() { r.Save(&d) })
		require.Equal(t, "open", d.Settings.ToDevice)
		d.Version = savefile.Version

		other := open(t, page.TopicMessages, nil)
		other.Update(func() { other.Restore(&d) })
		other.Read(func() { other.Save(&again) })
		require.Equal(t, d.Settings, again.Settings)
		d.Version, d.Settings.ToDeviceExpiry = 1, "1"
		other.Update(func() { other.Restore(&d) })
		other.Read(func() { other.Save(&again) })
		require.Equal(t, "60", again.Settings.ToDeviceExpiry, "version 1 did not have it")
	})
}
