package hubclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// box is the topic of a cloud-to-device message with that property bag.
func box(bag string) []byte { return []byte("devices/dev-1/messages/devicebound/" + bag) }

func TestCloudToDevice(t *testing.T) {
	bubble(t, "a message arrives with its properties and is acknowledged when its handler returns", func(t *testing.T) {
		var got []Delivery
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(_ context.Context, m Delivery) error {
			got = append(got, m)
			return <-release
		}})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 5, TopicName: box("%24.mid=m1&%24.to=%2Fdevices%2Fdev-1%2Fmessages%2FdeviceBound&iothub-ack=full&null&empty=&set=a%20b"), Payload: []byte("hello")})
		hub.wantIdle("the handler is at work")
		m := got[0]
		require.Equal(t, "hello", string(m.Body))
		require.Equal(t, "m1", m.MessageID)
		require.Equal(t, "/devices/dev-1/messages/deviceBound", m.To)
		require.Equal(t, "full", m.Ack)
		require.Equal(t, Properties{{Name: "null", Null: true}, {Name: "empty"}, {Name: "set", Value: "a b"}}, m.Properties)
		require.False(t, m.Duplicate)
		release <- nil
		require.Equal(t, uint16(5), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "handlers run one at a time, and PUBACKs go out in the order of the messages [MQTT-4.6.0-2]", func(t *testing.T) {
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return <-release }})
		hub := d.net.accept()
		hub.welcome(c2d)
		for id := uint16(1); id <= 4; id++ {
			hub.send(&mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box("")})
		}
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 5, TopicName: []byte("of/somebody/else")})
		hub.wantIdle("the first handler is at work")
		release <- nil
		require.Equal(t, uint16(1), want[*mqttcodec.Puback](hub).PacketID)
		release <- errTest
		release <- nil
		require.Equal(t, uint16(3), want[*mqttcodec.Puback](hub).PacketID, "the second failed: the hub has to deliver it again")
		release <- nil
		require.Equal(t, uint16(4), want[*mqttcodec.Puback](hub).PacketID)
		require.Equal(t, uint16(5), want[*mqttcodec.Puback](hub).PacketID, "a foreign topic is acknowledged, in its turn")
		hub.wantIdle("that was all")
	})

	bubble(t, "stored messages come right behind CONNACK, and a redelivery says so", func(t *testing.T) {
		var got []Delivery
		d := start(t, &Options{OnMessage: func(_ context.Context, m Delivery) error {
			got = append(got, m)
			return nil
		}})
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		hub.send(&mqttcodec.Connack{SessionPresent: true}, &mqttcodec.Publish{QoS: 1, Dup: true, PacketID: 8, TopicName: box("?a=b/")})
		subscribe := want[*mqttcodec.Subscribe](hub)
		require.Equal(t, uint16(8), want[*mqttcodec.Puback](hub).PacketID)
		require.True(t, got[0].Duplicate)
		require.Equal(t, Properties{{Name: "a", Value: "b"}}, got[0].Properties, "one leading ? and one trailing / are dropped")
		hub.send(&mqttcodec.Suback{PacketID: subscribe.PacketID, ReturnCodes: []byte{1}})
		d.wantStates(Dialing, Connecting, Connected)
	})

	bubble(t, "an acknowledgement does not cross to the next connection", func(t *testing.T) {
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return <-release }})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("")})
		synctest.Wait()
		hub.cut()
		synctest.Wait()
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome(c2d)
		release <- nil
		hub.wantIdle("id 1 means nothing on this connection")
		hub.send(&mqttcodec.Publish{QoS: 1, Dup: true, PacketID: 1, TopicName: box("")})
		release <- nil
		require.Equal(t, uint16(1), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "a message without a handler, or for another device, is not for us", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("")})
		hub.wantIdle("a later life of the device may have a handler")
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 2, TopicName: []byte("devices/dev-2/messages/devicebound/")})
		require.Equal(t, uint16(2), want[*mqttcodec.Puback](hub).PacketID)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 3, TopicName: []byte("$iothub/twin/res/200/?$rid=unknown")})
		require.Equal(t, uint16(3), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "a broken property bag does not stop those behind it", func(t *testing.T) {
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return nil }})
		hub := d.net.accept()
		hub.welcome(c2d)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("a=%zz")}, &mqttcodec.Publish{QoS: 1, PacketID: 2, TopicName: box("")})
		require.Equal(t, uint16(1), want[*mqttcodec.Puback](hub).PacketID)
		require.Equal(t, uint16(2), want[*mqttcodec.Puback](hub).PacketID)
	})

	bubble(t, "a module gets the messages to its inputs", func(t *testing.T) {
		var got []Delivery
		d := startWith(t, Credentials{Host: testHost, DeviceID: testID, ModuleID: "m", Key: testKey}, &Options{
			OnInput: func(_ context.Context, m Delivery) error { got = append(got, m); return nil },
		})
		hub := d.net.accept()
		hub.welcome("devices/dev-1/modules/m/inputs/#")
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: []byte("devices/dev-1/modules/m/inputs/in1/%24.cdid=dev-1&%24.cmid=other"), Payload: []byte("x")})
		want[*mqttcodec.Puback](hub)
		require.Equal(t, "in1", got[0].Input)
		require.Equal(t, "other", got[0].ConnectionModuleID)
	})

	bubble(t, "more than memory is meant for, while a handler sleeps, ends the connection, and acknowledges nothing", func(t *testing.T) {
		release := make(chan error)
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return <-release }})
		hub := d.net.accept()
		hub.welcome(c2d)
		body := make([]byte, 256<<10)
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box(""), Payload: body})
		hub.wantIdle("one is with the handler")
		for id := uint16(2); id <= maxQueued/(256<<10)+1; id++ {
			hub.send(&mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box(""), Payload: body})
		}
		hub.wantIdle("the others just fit")
		hub.send(&mqttcodec.Publish{QoS: 1, PacketID: 9999, TopicName: box(""), Payload: body})
		hub.wantEnd("that was one too many")
		require.ErrorIs(t, d.State().Err, ErrFlooded)
		close(release)
		time.Sleep(time.Second)
		d.net.accept().welcome(c2d)
	})

	bubble(t, "a handler may send, while more comes in", func(t *testing.T) {
		var d *device
		d = start(t, &Options{OnMessage: func(ctx context.Context, m Delivery) error {
			return d.Send(ctx, Message{Body: m.Body})
		}})
		hub := d.net.accept()
		hub.welcome(c2d)
		for id := uint16(1); id <= 3; id++ {
			hub.send(&mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box(""), Payload: []byte{byte('0' + id)}})
		}
		for id := uint16(1); id <= 3; id++ {
			echo := hub.wantPublish(events, string([]byte{byte('0' + id)}))
			hub.send(&mqttcodec.Puback{PacketID: echo.PacketID})
			require.Equal(t, id, want[*mqttcodec.Puback](hub).PacketID)
		}
	})
}

// A packet may arrive in pieces, and many at once.
func TestAwkwardBytes(t *testing.T) {
	bubble(t, "one byte per read", func(t *testing.T) {
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return nil }})
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		b, err := mqttcodec.Append([]byte{0x20, 2, 0, 0}, &mqttcodec.Publish{QoS: 1, PacketID: 1, TopicName: box("a=b"), Payload: []byte("x")})
		require.NoError(t, err)
		for _, c := range b {
			hub.write([]byte{c})
		}
		want[*mqttcodec.Subscribe](hub)
		want[*mqttcodec.Puback](hub)
	})
	bubble(t, "many packets in one read", func(t *testing.T) {
		d := start(t, &Options{OnMessage: func(context.Context, Delivery) error { return nil }})
		hub := d.net.accept()
		want[*mqttcodec.Connect](hub)
		b := []byte{0x20, 2, 0, 0}
		for id := uint16(1); id <= 2000; id++ {
			var err error
			b, err = mqttcodec.Append(b, &mqttcodec.Publish{QoS: 1, PacketID: id, TopicName: box("a=b"), Payload: []byte("x")})
			require.NoError(t, err)
		}
		hub.write(b)
		want[*mqttcodec.Subscribe](hub)
		for id := uint16(1); id <= 2000; id++ {
			require.Equal(t, id, want[*mqttcodec.Puback](hub).PacketID)
		}
	})
}

func TestDirectMethods(t *testing.T) {
	call := func(name, rid string) *mqttcodec.Publish {
		return message("$iothub/methods/POST/"+name+"/?$rid="+rid, `{"n":1}`)
	}

	bubble(t, "the handler's answer goes back under the hub's request id", func(t *testing.T) {
		var got Method
		d := start(t, &Options{OnMethod: func(_ context.Context, m Method) (Response, error) {
			got = m
			return Response{Status: 418, Payload: json.RawMessage(`{"short":true}`)}, nil
		}})
		hub := d.net.accept()
		hub.welcome(hubproto.MethodsFilter)
		hub.send(call("thermostat1*reboot", "A-1b"))
		hub.wantPublish("$iothub/methods/res/418/?$rid=A-1b", `{"short":true}`)
		require.Equal(t, Method{Name: "thermostat1*reboot", RequestID: "A-1b", Payload: json.RawMessage(`{"n":1}`)}, got)
	})

	for name, tt := range map[string]struct {
		payload string
		handler func(context.Context, Method) (Response, error)
		status  int
		answer  string
	}{
		"no status is 200":   {"", func(context.Context, Method) (Response, error) { return Response{}, nil }, 200, ""},
		"an error is 500":    {"null", func(context.Context, Method) (Response, error) { return Response{}, errTest }, 500, `{"message":"made by the test"}`},
		"a panic is 500":     {"null", func(context.Context, Method) (Response, error) { panic("boom") }, 500, `{"message":"the handler panicked"}`},
		"no JSON in is 400":  {"{", func(context.Context, Method) (Response, error) { panic("not called") }, 400, `{"message":"the payload is not JSON"}`},
		"no JSON out is 500": {"1", func(context.Context, Method) (Response, error) { return Response{Payload: []byte("{")}, nil }, 500, `{"message":"the handler's payload is not JSON"}`},
		"too long out is 500": {"1", func(context.Context, Method) (Response, error) {
			return Response{Payload: []byte(fmt.Sprintf("%0131073d", 1))}, nil
		}, 500, `{"message":"the handler's payload is not JSON"}`},
		"a secret is taken out": {"1", func(context.Context, Method) (Response, error) {
			return Response{}, fmt.Errorf("cannot use SharedAccessKey=a2V5MTIzNDU=")
		}, 500, `{"message":"cannot use SharedAccessKey=…"}`},
	} {
		bubble(t, name, func(t *testing.T) {
			d := start(t, &Options{OnMethod: tt.handler})
			hub := d.net.accept()
			hub.welcome(hubproto.MethodsFilter)
			hub.send(message("$iothub/methods/POST/m/?$rid=1", tt.payload))
			hub.wantPublish(fmt.Sprintf("$iothub/methods/res/%d/?$rid=1", tt.status), tt.answer)
		})
	}

	bubble(t, "without a handler the answer is 404", func(t *testing.T) {
		d := start(t, nil)
		hub := d.net.accept()
		hub.welcome()
		hub.send(call("m", "1"))
		hub.wantPublish("$iothub/methods/res/404/?$rid=1", `{"message":"the device has no direct methods"}`)
	})

	bubble(t, "methods run beside each other, 128 at most, and answer in any order", func(t *testing.T) {
		release := make(chan struct{})
		d := start(t, &Options{OnMethod: func(_ context.Context, m Method) (Response, error) {
			if m.Name == "slow" {
				<-release
			}
			return Response{}, nil
		}})
		hub := d.net.accept()
		hub.welcome(hubproto.MethodsFilter)
		for i := range maxMethods - 1 {
			hub.send(call("slow", fmt.Sprint(i)))
		}
		hub.send(call("quick", "q1"))
		hub.wantPublish("$iothub/methods/res/200/?$rid=q1", "")
		hub.send(call("slow", "last"), call("quick", "q2"))
		hub.wantPublish("$iothub/methods/res/429/?$rid=q2", `{"message":"the device runs 128 methods already"}`)
		close(release)
		for range maxMethods {
			require.Contains(t, string(want[*mqttcodec.Publish](hub).TopicName), "res/200")
		}
	})

	bubble(t, "a method's context ends with its connection, and its answer is not sent on another", func(t *testing.T) {
		ended := make(chan error, 1)
		d := start(t, &Options{OnMethod: func(ctx context.Context, _ Method) (Response, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			time.Sleep(time.Minute)
			return Response{}, nil
		}})
		hub := d.net.accept()
		hub.welcome(hubproto.MethodsFilter)
		hub.send(call("m", "1"))
		synctest.Wait()
		hub.cut()
		require.ErrorIs(t, <-ended, context.Canceled, "and not onecontext's own error")
		time.Sleep(time.Second)
		hub = d.net.accept()
		hub.welcome(hubproto.MethodsFilter)
		time.Sleep(2 * time.Minute)
		hub.wantIdle("nobody waits for that answer")
	})

	bubble(t, "a method's context ends with Run's, and after five minutes", func(t *testing.T) {
		ended := make(chan error, 1)
		d := start(t, &Options{OnMethod: func(ctx context.Context, _ Method) (Response, error) {
			<-ctx.Done()
			ended <- ctx.Err()
			return Response{}, nil
		}, KeepAlive: hubproto.MaxKeepAlive})
		hub := d.net.accept()
		hub.welcome(hubproto.MethodsFilter)
		hub.send(call("m", "1"))
		began := time.Now()
		require.ErrorIs(t, <-ended, context.DeadlineExceeded)
		require.Equal(t, methodTimeout, time.Since(began))
		hub.wantPublish("$iothub/methods/res/200/?$rid=1", "")
		hub.send(call("m", "2"))
		synctest.Wait()
		d.stop()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.NoError(t, d.wantResult())
	})
}

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
		for _, d := range got.take() {
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
