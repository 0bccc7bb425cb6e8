package hubclient

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

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
