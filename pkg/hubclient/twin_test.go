package hubclient

import (
	"context"
	"encoding/json"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestTwin(t *testing.T) {
	const document = `{"desired":{"a":1,"$version":12},"reported":{"b":{"c":null},"$version":123}}`
	twinLater := func(d *device, twin *Twin) *async {
		return later(d.t, func() (err error) { *twin, err = d.Twin(d.t.Context()); return err })
	}
	reportLater := func(d *device, patch string, version *int64) *async {
		return later(d.t, func() (err error) {
			*version, err = d.Report(d.t.Context(), json.RawMessage(patch))
			return err
		})
	}

	bubble(t, "the first use subscribes, then asks", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var twin, second Twin
		get, get2 := twinLater(d, &twin), twinLater(d, &second)
		hub.grant(hubproto.TwinResponseFilter)
		hub.wantPublish("$iothub/twin/GET/?$rid=1", "")
		hub.wantPublish("$iothub/twin/GET/?$rid=2", "")
		hub.send(message("$iothub/twin/res/200/?$rid=2", document), message("$iothub/twin/res/200/?$rid=1", `{"properties":`+document+`}`))
		require.NoError(t, get.result())
		require.NoError(t, get2.result())
		require.Equal(t, Twin{
			Desired: json.RawMessage(`{"a":1,"$version":12}`), DesiredVersion: 12,
			Reported: json.RawMessage(`{"b":{"c":null},"$version":123}`), ReportedVersion: 123,
		}, twin)
		require.Equal(t, twin, second)
	})

	bubble(t, "the next connection subscribes from the beginning, and asks again", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var twin Twin
		get := twinLater(d, &twin)
		hub.grant(hubproto.TwinResponseFilter)
		hub.wantPublish("$iothub/twin/GET/?$rid=1", "")
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome(hubproto.TwinResponseFilter)
		hub.wantPublish("$iothub/twin/GET/?$rid=2", "")
		hub.send(message("$iothub/twin/res/200/?$rid=1", `{"desired":{},"reported":{}}`))
		get.wantPending("that answers another question")
		hub.send(message("$iothub/twin/res/200/?$rid=2", document))
		require.NoError(t, get.result())
	})

	bubble(t, "reported patches go one at a time and return the new version", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var v1, v2 int64
		one := reportLater(d, `{"a":1}`, &v1)
		hub.grant(hubproto.TwinResponseFilter)
		two := reportLater(d, `{"a":null}`, &v2)
		hub.wantPublish("$iothub/twin/PATCH/properties/reported/?$rid=1", `{"a":1}`)
		hub.wantIdle("the hub may apply them in any order")
		hub.send(message("$iothub/twin/res/204/?$rid=1&$version=7", ""))
		require.NoError(t, one.result())
		require.Equal(t, int64(7), v1)
		hub.wantPublish("$iothub/twin/PATCH/properties/reported/?$rid=2", `{"a":null}`)
		hub.send(message("$iothub/twin/res/200/?$rid=2&$version=8", ""))
		require.NoError(t, two.result())
		require.Equal(t, int64(8), v2)
	})

	bubble(t, "refusals are typed, with the hub's words", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var v int64
		report := reportLater(d, `{"a":1}`, &v)
		hub.grant(hubproto.TwinResponseFilter)
		want[*mqttcodec.Publish](hub)
		hub.send(message("$iothub/twin/res/429/?$rid=1&retry-after=7", `{"errorCode":429001,"trackingId":"T1","message":"Throttled.","timestampUtc":"x"}`))
		err := report.result()
		var status *StatusError
		require.ErrorAs(t, err, &status)
		require.Equal(t, 429, status.Code)
		require.Equal(t, 7*time.Second, status.RetryAfter)
		require.EqualError(t, err, "hubclient: reported properties patch: status 429 (429001): Throttled, tracking id T1: the service is being asked too often, wait and try again")

		report = reportLater(d, `{"a b":1}`, &v)
		var invalid *TwinError
		require.ErrorAs(t, report.result(), &invalid)
		hub.wantIdle("it was refused here")
	})

	bubble(t, "a broker that never answers costs the caller thirty seconds, and not the connection", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var twin Twin
		var version int64
		get, report, second := twinLater(d, &twin), reportLater(d, `{}`, &version), reportLater(d, `{"b":1}`, &version)
		hub.grant(hubproto.TwinResponseFilter)
		want[*mqttcodec.Publish](hub)
		want[*mqttcodec.Publish](hub)
		time.Sleep(requestTimeout)
		var timeout *TimeoutError
		require.ErrorAs(t, get.result(), &timeout)
		require.ErrorAs(t, report.result(), &timeout)
		require.ErrorIs(t, report.t.Context().Err(), nil)
		hub.wantPublish("$iothub/twin/PATCH/properties/reported/?$rid=3", `{"b":1}`)
		second.wantPending("its turn has just begun")
		var netError net.Error
		require.ErrorAs(t, error(timeout), &netError)
		require.True(t, netError.Timeout())
		require.Equal(t, Connected, d.State().Phase)
	})

	bubble(t, "a refused subscription fails who asked, and not the connection", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		var twin Twin
		get := twinLater(d, &twin)
		s := want[*mqttcodec.Subscribe](hub)
		hub.send(&mqttcodec.Suback{PacketID: s.PacketID, ReturnCodes: []byte{mqttcodec.SubackFailure}})
		var refused *SubscribeError
		require.ErrorAs(t, get.result(), &refused)
		require.Equal(t, Connected, d.State().Phase)
		get = twinLater(d, &twin)
		hub.grant(hubproto.TwinResponseFilter)
		hub.send(message("$iothub/twin/res/200/?$rid=1", "nonsense"))
		want[*mqttcodec.Publish](hub)
		require.ErrorContains(t, get.result(), "the answer is not a twin")
	})

	bubble(t, "a caller that has left is not asked for", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		ctx, cancel := context.WithCancel(t.Context())
		get := later(t, func() error { _, err := d.Twin(ctx); return err })
		cancel()
		require.ErrorIs(t, get.result(), context.Canceled)
		hub.grant(hubproto.TwinResponseFilter)
		hub.wantIdle("nobody waits")
	})

	bubble(t, "an answer to a caller that leaves at this moment touches nothing of the caller's", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		ctx, cancel := context.WithCancel(t.Context())
		get := later(t, func() error { _, err := d.Twin(ctx); return err })
		report := later(t, func() error { _, err := d.Report(ctx, json.RawMessage(`{}`)); return err })
		hub.grant(hubproto.TwinResponseFilter)
		hub.wantPublish("$iothub/twin/GET/?$rid=1", "")
		hub.wantPublish("$iothub/twin/PATCH/properties/reported/?$rid=2", "{}")
		cancel() // no synctest.Wait: for the race detector, the answers must not come after the callers have left
		hub.send(message("$iothub/twin/res/200/?$rid=1", document), message("$iothub/twin/res/204/?$rid=2&$version=7", ""))
		for _, err := range []error{get.result(), report.result()} {
			if err != nil { // whichever came first
				require.ErrorIs(t, err, context.Canceled)
			}
		}
	})
}
