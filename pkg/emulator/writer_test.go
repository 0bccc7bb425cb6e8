package emulator_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func TestPacketsFromManySidesArriveWhole(t *testing.T) {
	const notices, pings = 500, 2000
	hub := &emulator.Hub{}
	defer hub.Close()
	w := &world{Hub: hub, t: t}
	d := w.connect(w.put("dev-1"))
	d.subscribe(mqttcodec.QoS0, hubproto.TwinDesiredFilter)
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range notices {
			if _, err := hub.PatchDesired(t.Context(), "dev-1", fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
				failed = err
			}
		}
	})
	raw, err := mqttcodec.Append(nil, &mqttcodec.Pingreq{})
	require.NoError(t, err)
	wg.Go(func() {
		for range pings {
			if _, err := d.conn.Write(raw); err != nil {
				failed = err
			}
		}
	})
	answers, notice := 0, 0
	for answers < pings || notice < notices {
		switch p := d.next("one of many").(type) {
		case *mqttcodec.Pingresp:
			answers++
		case *mqttcodec.Publish:
			require.Equal(t, fmt.Sprintf("$iothub/twin/PATCH/properties/desired/?$version=%d", notice+2), string(p.TopicName), "in order")
			require.Equal(t, fmt.Sprintf(`{"$version":%d,"n":%d}`, notice+2, notice), string(p.Payload), "and whole")
			notice++
		}
	}
	wg.Wait()
	require.NoError(t, failed)
}
