package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// disk is a Store that takes its time, may fail, and keeps what it has when a hub ends: what a crash would leave.
type disk struct {
	mu      sync.Mutex
	content map[string][]byte
	commits int
	latency time.Duration
	fail    error
}

func (d *disk) Each(ctx context.Context, f func(string, []byte) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, value := range d.content {
		if err := f(key, slices.Clone(value)); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) Commit(_ context.Context, writes []emulator.Write) error {
	time.Sleep(d.latency)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	d.commits++
	if d.content == nil {
		d.content = make(map[string][]byte)
	}
	for _, w := range writes {
		if w.Value == nil {
			delete(d.content, w.Key)
		} else {
			d.content[w.Key] = w.Value
		}
	}
	return nil
}

// image is what is on the disk now.
func (d *disk) image() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &disk{content: maps.Clone(d.content)}
}

func (d *disk) set(latency time.Duration, fail error) {
	d.mu.Lock()
	d.latency, d.fail = latency, fail
	d.mu.Unlock()
}

func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &disk{}
		hub := &emulator.Hub{Store: store, AssigningTime: -1}
		require.NoError(t, readymade.Prepare(t.Context(), hub))
		w := newWorld(t, hub)
		device, module := w.put("dev-1"), w.put("dev-1/mod-1")
		d := w.connect(device)
		d.subscribe(mqttcodec.QoS1, devicebound, hubproto.TwinResponseFilter)
		d.publish("devices/dev-1/messages/events/", "", 1)
		d.wantPuback("telemetry", 1)
		d.publish(twinReported, `{"f":1.50,"deep":{"x":null,"y":[1]}}`, 0)
		d.send(&mqttcodec.Puback{PacketID: d.wantPublish("reported", "$iothub/twin/res/204/?$rid=r1&$version=2", "").PacketID})
		_, err := w.PatchDesired(t.Context(), "dev-1/mod-1", json.RawMessage(`{"m":1}`))
		require.NoError(t, err)
		var inflight *mqttcodec.Publish
		for i := range 3 {
			require.NoError(t, w.SendToDevice(t.Context(), "dev-1", emulator.Message{
				Body: fmt.Append(nil, i), Properties: []emulator.Property{{Name: "null", Null: true}, {Name: "empty"}}}))
			inflight = d.next("C2D").(*mqttcodec.Publish)
			if i == 1 {
				d.send(&mqttcodec.Puback{PacketID: inflight.PacketID})
			}
		}
		dps := w.dpsConnect("my-registration-01", mustKey(t, w.describe().Demo.Individual.PrimaryKey))
		dps.publish(register, "", 0)
		assigned := dps.answer("assigned", "$dps/registrations/res/200/?$rid=1").State
		require.NoError(t, w.DeleteDevice(t.Context(), "MyDevice01"))
		synctest.Wait()
		before := w.describe()
		left := store.image() // kill -9

		w = newWorld(t, &emulator.Hub{Store: left})
		after := w.describe()
		require.NotEqual(t, before.Instance, after.Instance, "another life of the hub")
		after.Instance = before.Instance
		require.Equal(t, before, after, "the keys of policies and enrollments")
		require.Equal(t, device.Authentication, mustDevice(t, w.Hub, "dev-1").Authentication)
		require.Equal(t, device.GenerationID, mustDevice(t, w.Hub, "dev-1").GenerationID)
		require.Equal(t, module.Authentication, mustDevice(t, w.Hub, "dev-1/mod-1").Authentication)
		_, err = w.Device("MyDevice01")
		requireCode(t, 404001, err)
		require.Equal(t, assigned.DeviceID, mustDevice(t, w.Hub, "my-registration-01").DeviceID)
		require.Equal(t, 200, w.rest("GET", "/registrations/my-registration-01", "", nil).Status)

		events := w.events()
		d = w.connectAs(credentials{Device: device}, true)
		var unacknowledged []uint16
		for _, body := range []string{"0", "2"} {
			m := d.next("what was not acknowledged").(*mqttcodec.Publish)
			require.Equal(t, body, string(m.Payload))
			require.True(t, m.Dup, "with DUP")
			unacknowledged = append(unacknowledged, m.PacketID)
			require.Equal(t, inflight.TopicName, m.TopicName, "null and empty values too")
			if body == "2" {
				require.Equal(t, inflight.PacketID, m.PacketID, "and with the same packet id")
			}
		}
		require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("new")))
		require.NotContains(t, unacknowledged, d.next("after the restart").(*mqttcodec.Publish).PacketID, "one that is not in use")
		d.publish(twinGet, "", 0)
		d.wantPublish("the twin, and the subscription", "$iothub/twin/res/200/?$rid=r1", `{"desired":{"$version":1},"reported":{"$version":2,"deep":{"y":[1]},"f":1.50}}`)
		doc := w.wantJSON("the module's twin", 200, w.rest("GET", "/twins/dev-1/modules/mod-1", "", nil))
		require.Equal(t, 2.0, doc["version"])
		d.publish("devices/dev-1/messages/events/", "", 1)
		require.Greater(t, events().SequenceNumber, int64(1), "numbers grow over restarts")
	})
}

func TestAcknowledgementsWaitForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &disk{}
		w := newWorld(t, &emulator.Hub{Store: store})
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS1, hubproto.TwinResponseFilter, hubproto.TwinDesiredFilter, devicebound)
		synctest.Wait()
		store.set(10*time.Millisecond, nil)
		slow := func(why string, do func()) {
			t.Helper()
			time.Sleep(time.Minute) // whatever is under way ends
			began := time.Now()
			do()
			require.GreaterOrEqual(t, time.Since(began), 10*time.Millisecond, why)
		}
		slow("a reported patch", func() {
			d.publish(twinReported, `{"a":1}`, 2)
			d.wantPuback("after the disk", 2)
			d.next("the answer")
		})
		slow("a subscription", func() { d.subscribe(mqttcodec.QoS1, hubproto.MethodsFilter) })
		slow("a registration", func() { w.put("dev-2") })
		slow("a desired patch, and its notice", func() {
			began := time.Now()
			_, err := w.PatchDesired(t.Context(), "dev-1", json.RawMessage(`{"a":1}`))
			require.NoError(t, err)
			d.wantPublish("told when it is durable", "$iothub/twin/PATCH/properties/desired/?$version=2", "*")
			require.GreaterOrEqual(t, time.Since(began), 10*time.Millisecond)
		})
		slow("a message to a device", func() { require.NoError(t, w.SendToDevice(t.Context(), "dev-1", message("x"))) })
		d.send(&mqttcodec.Puback{PacketID: d.next("the message").(*mqttcodec.Publish).PacketID})
		slow("a CONNECT", func() { w.connect(mustDevice(t, w.Hub, "dev-2")) })
		began := time.Now()
		d.publish("devices/dev-1/messages/events/", "", 3)
		d.wantPuback("telemetry needs no disk", 3)
		require.Zero(t, time.Since(began))
	})
}

func TestManyChangesShareOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &disk{latency: time.Millisecond}
		w := newWorld(t, &emulator.Hub{Store: store})
		w.put("dev-0")
		began, start := time.Now(), store.commits
		var wg sync.WaitGroup
		errs := make([]error, 100)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = w.PutDevice(context.Background(), emulator.Device{DeviceID: fmt.Sprintf("dev-%d", i+1)})
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		require.LessOrEqual(t, store.commits-start, 3, "a commit takes along what gathered meanwhile")
		require.LessOrEqual(t, time.Since(began), 3*time.Millisecond)
	})
}

func TestStoreFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &disk{}
		hub := &emulator.Hub{Store: store}
		w := newWorld(t, hub)
		d := w.connect(w.put("dev-1"))
		d.subscribe(mqttcodec.QoS0, hubproto.TwinResponseFilter)
		store.set(0, errors.New("no space left"))
		d.publish(twinReported, `{"a":1}`, 0)
		m := d.wantPublish("not acknowledged", "$iothub/twin/res/500/?$rid=r1", "*")
		require.Contains(t, string(m.Payload), "no space left")
		_, err := w.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-2"})
		requireCode(t, 500001, err)
		w.wantLogged("said", "the store failed")
		store.set(0, nil)
		w.put("dev-3")
		synctest.Wait()

		again := newWorld(t, &emulator.Hub{Store: store.image()})
		require.Equal(t, "dev-2", mustDevice(t, again.Hub, "dev-2").DeviceID, "what waited was stored with the next change")
	})
}

func TestUnreadableStore(t *testing.T) {
	store := &disk{content: map[string][]byte{"device/dev-1": []byte("{")}}
	hub := &emulator.Hub{Store: store}
	require.ErrorContains(t, hub.Open(t.Context()), `"device/dev-1"`)
	_, err := hub.Dial(t.Context(), "wss://hub.test")
	require.ErrorContains(t, err, "reading the store", "every method says so")
	_, err = hub.PutDevice(t.Context(), emulator.Device{DeviceID: "dev-2"})
	require.ErrorContains(t, err, "reading the store")
	require.Equal(t, 503, hub.Do(t.Context(), &emulator.Request{Method: "GET", Path: "/healthz"}).Status)
	require.Empty(t, hub.Instance())
	require.False(t, hub.Disconnect("dev-1"))
	require.NoError(t, hub.Close())
	require.Equal(t, "{", string(store.content["device/dev-1"]), "and nothing is overwritten")
}

func TestConnackComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &emulator.Hub{Store: &disk{latency: 10 * time.Millisecond}})
		device := w.put("dev-1")
		d := w.dial()
		raw, err := mqttcodec.Append(nil, connectPacket(t, credentials{Device: device}))
		require.NoError(t, err)
		for _, p := range []mqttcodec.Packet{
			&mqttcodec.Pingreq{}, &mqttcodec.Publish{TopicName: []byte("devices/dev-1/messages/events/"), QoS: 1, PacketID: 1},
		} {
			raw, err = mqttcodec.Append(raw, p)
			require.NoError(t, err)
		}
		_, err = d.conn.Write(raw)
		require.NoError(t, err)
		d.want("whatever the device sent ahead, and although the session has to be stored [MQTT-3.2.0-1]", &mqttcodec.Connack{})
		d.want("then the rest", &mqttcodec.Pingresp{})
		d.wantPuback("in order", 1)
	})
}

func TestOpenIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &disk{}
		w := newWorld(t, &emulator.Hub{Store: store})
		device := w.put("dev-1")
		hub := &emulator.Hub{Store: store.image()}
		dead, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, hub.Open(dead), context.Canceled)
		_, err := hub.PutDevice(dead, emulator.Device{DeviceID: "dev-2"})
		require.ErrorIs(t, err, context.Canceled)
		again := newWorld(t, hub)
		require.Equal(t, device.Authentication, mustDevice(t, hub, "dev-1").Authentication)
		again.connect(device)
	})

	closed := &emulator.Hub{}
	require.NoError(t, closed.Close())
	require.ErrorIs(t, closed.Open(t.Context()), net.ErrClosed)
	_, err := closed.Device("dev-1")
	require.ErrorIs(t, err, net.ErrClosed)
	require.NoError(t, closed.Close())
}
