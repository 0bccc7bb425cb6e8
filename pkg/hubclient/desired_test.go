package hubclient

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestDesired(t *testing.T) {
	filters := []string{hubproto.TwinResponseFilter, hubproto.TwinDesiredFilter}
	startDesired := func(t *testing.T) (*device, *collected[Desired]) {
		got := &collected[Desired]{}
		return start(t, &Options{OnDesired: func(_ context.Context, d Desired) { got.add(d) }}), got
	}
	notice := func(version int) *mqttcodec.Publish {
		return message(fmt.Sprintf("$iothub/twin/PATCH/properties/desired/?$version=%d", version), fmt.Sprintf(`{"a":%d,"$version":%d}`, version, version))
	}
	document := func(rid, version int) *mqttcodec.Publish {
		return message(fmt.Sprintf("$iothub/twin/res/200/?$rid=%d", rid), fmt.Sprintf(`{"desired":{"a":%d,"$version":%d},"reported":{"$version":1}}`, version, version))
	}
	versions := func(got *collected[Desired]) []string {
		var s []string
		for _, d := range got.drain() {
			require.NotEmpty(t, d.Patch)
			kind := "patch"
			if d.Full {
				kind = "full"
			}
			s = append(s, fmt.Sprint(kind, d.Version))
		}
		return s
	}

	bubble(t, "the document first, then its changes, none twice and none left out", func(t *testing.T) {
		d, got := startDesired(t)
		hub := d.net.accept()
		hub.welcome(filters...)
		hub.wantPublish("$iothub/twin/GET/?$rid=1", "")
		hub.send(notice(3), notice(4), notice(5))
		require.Empty(t, versions(got), "the document is on its way")
		hub.send(document(1, 4))
		require.Equal(t, []string{"full4", "patch5"}, versions(got))
		hub.send(notice(5), notice(6), notice(2))
		require.Equal(t, []string{"patch6"}, versions(got))
	})

	bubble(t, "a gap makes it read the document again", func(t *testing.T) {
		d, got := startDesired(t)
		hub := d.net.accept()
		hub.welcome(filters...)
		want[*mqttcodec.Publish](hub)
		hub.send(document(1, 1), notice(3))
		require.Equal(t, []string{"full1"}, versions(got))
		hub.wantPublish("$iothub/twin/GET/?$rid=2", "")
		hub.send(notice(6), notice(7), document(2, 4))
		require.Equal(t, []string{"full4"}, versions(got), "5 is missing")
		hub.wantPublish("$iothub/twin/GET/?$rid=3", "")
		hub.send(document(3, 6))
		require.Equal(t, []string{"full6", "patch7"}, versions(got))
	})

	bubble(t, "a change that is not JSON makes it read the document", func(t *testing.T) {
		d, got := startDesired(t)
		hub := d.net.accept()
		hub.welcome(filters...)
		want[*mqttcodec.Publish](hub)
		hub.send(document(1, 1), message("$iothub/twin/PATCH/properties/desired/?$version=2", "{"))
		hub.wantPublish("$iothub/twin/GET/?$rid=2", "")
		hub.send(document(2, 2))
		require.Equal(t, []string{"full1", "full2"}, versions(got))
	})

	bubble(t, "after a reconnect the document comes again, also with an older version", func(t *testing.T) {
		d, got := startDesired(t)
		hub := d.net.accept()
		hub.welcome(filters...)
		want[*mqttcodec.Publish](hub)
		hub.send(document(1, 9), notice(10))
		require.Equal(t, []string{"full9", "patch10"}, versions(got))
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome(filters...)
		hub.wantPublish("$iothub/twin/GET/?$rid=2", "")
		hub.send(notice(2), document(2, 1))
		require.Equal(t, []string{"full1", "patch2"}, versions(got), "the device was created anew")
	})

	bubble(t, "when the document cannot be read, changes come through, and reading is tried ever more slowly", func(t *testing.T) {
		d, got := startDesired(t)
		hub := d.net.accept()
		hub.welcome(filters...)
		hub.wantPublish("$iothub/twin/GET/?$rid=1", "")
		hub.send(notice(3))
		require.Empty(t, versions(got))
		time.Sleep(requestTimeout)
		require.Equal(t, []string{"patch3"}, versions(got))
		time.Sleep(minResync - time.Second)
		hub.wantIdle("not yet")
		time.Sleep(time.Second)
		hub.wantPublish("$iothub/twin/GET/?$rid=2", "")
		hub.send(message("$iothub/twin/res/503/?$rid=2", `{"errorCode":503001}`))
		synctest.Wait()
		time.Sleep(2 * minResync)
		hub.wantPublish("$iothub/twin/GET/?$rid=3", "")
		hub.send(document(3, 3))
		require.Equal(t, []string{"full3"}, versions(got))
		require.Equal(t, Connected, d.State().Phase)
	})

	t.Run("more notices than can be held leave a gap, which is noticed", func(t *testing.T) {
		s := desiredSync{reading: true}
		for v := int64(2); v < 2+maxHeld+50; v++ {
			deliver, read := s.notice(Desired{Version: v})
			require.Empty(t, deliver)
			require.False(t, read)
		}
		deliver, again := s.document(Desired{Version: 1, Full: true})
		require.Len(t, deliver, 1)
		require.True(t, again)
	})
}
