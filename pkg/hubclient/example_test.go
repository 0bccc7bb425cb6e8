//go:build !js

// The outputs of examples are captured through a file, which a browser does not have.

package hubclient_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

func ExampleParseConnectionString() {
	credentials, err := hubclient.ParseConnectionString("HostName=myhub.azure-devices.net;DeviceId=dev-1;SharedAccessKey=a2V5MTIzNDU=")
	fmt.Println(credentials, err)

	_, err = hubclient.ParseConnectionString("HostName=myhub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5MTIzNDU=")
	fmt.Println(err.(*hubclient.ConnectionStringError).Reason)
	// Output:
	// myhub.azure-devices.net/dev-1 with a key <nil>
	// says that this is a hub-level string, which opens the whole hub
}

func ExampleDeriveDeviceKey() {
	groupKey, err := hubclient.ParseKey("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==")
	if err != nil {
		fmt.Println(err)
		return
	}
	key := hubclient.DeriveDeviceKey(groupKey, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6")
	fmt.Println(base64.StdEncoding.EncodeToString(key))
	// Output: Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=
}

// A tinyHub is a hub for the examples, on the other end of a pipe: it accepts a device after some refusals, acknowledges its messages,
// and calls the method "reboot" when the device subscribes. Package emulator has a whole one.
type tinyHub struct {
	refusals int
	received chan string // topics and payloads
}

// dial is an Options.Dial. Without one, a device dials the host in its credentials, over a WebSocket.
func (h *tinyHub) dial(context.Context, string) (net.Conn, error) {
	device, hub := net.Pipe()
	go h.serve(hub)
	return device, nil
}

func (h *tinyHub) serve(conn net.Conn) {
	defer conn.Close()
	for packets := mqttcodec.NewReader(conn, 0); ; {
		p, err := packets.Next()
		if err != nil {
			return
		}
		var answers []byte
		answer := func(p mqttcodec.Packet) { answers, _ = mqttcodec.Append(answers, p) }
		switch p := p.(type) {
		case *mqttcodec.Connect:
			connack := &mqttcodec.Connack{}
			if h.refusals > 0 {
				h.refusals--
				connack.ReturnCode = mqttcodec.NotAuthorized
			}
			answer(connack)
		case *mqttcodec.Subscribe:
			answer(&mqttcodec.Suback{PacketID: p.PacketID, ReturnCodes: make([]byte, len(p.Subscriptions))})
			answer(&mqttcodec.Publish{TopicName: []byte("$iothub/methods/POST/reboot/?$rid=1"), Payload: []byte(`{"delay":5}`)})
		case *mqttcodec.Publish:
			h.received <- fmt.Sprintf("%s %s", p.TopicName, p.Payload)
			if p.QoS == mqttcodec.QoS1 {
				answer(&mqttcodec.Puback{PacketID: p.PacketID})
			}
		}
		if _, err := conn.Write(answers); err != nil {
			return
		}
	}
}

// run runs a device until use returns.
func run(device *hubclient.Client, use func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- device.Run(ctx) }()
	use(ctx)
	stop()
	if err := <-ended; err != nil {
		fmt.Println(err)
	}
}

// A device that sends a message.
func Example() {
	credentials, err := hubclient.ParseConnectionString("HostName=myhub.azure-devices.net;DeviceId=dev-1;SharedAccessKey=a2V5MTIzNDU=")
	if err != nil {
		fmt.Println(err)
		return
	}
	hub := &tinyHub{received: make(chan string, 1)}
	device, err := hubclient.New(credentials, &hubclient.Options{Dial: hub.dial})
	if err != nil {
		fmt.Println(err)
		return
	}
	run(device, func(ctx context.Context) {
		m := hubclient.Message{
			Body:       []byte(`{"temperature":21.5}`),
			Properties: iothub.Properties{{Name: "alert", Value: "no"}},
		}
		m.ContentType, m.ContentEncoding = "application/json", "utf-8"
		err := device.Send(ctx, m) // returns when the hub has acknowledged the message
		fmt.Println(<-hub.received, err)
	})
	// Output: devices/dev-1/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&alert=no {"temperature":21.5} <nil>
}

var credentials = hubclient.Credentials{Host: "myhub.azure-devices.net", DeviceID: "dev-1", Key: []byte("yesterday's key")}

// A device that answers direct methods.
func ExampleOptions_onMethod() {
	hub := &tinyHub{received: make(chan string, 1)}
	device, err := hubclient.New(credentials, &hubclient.Options{
		Dial: hub.dial,
		OnMethod: func(_ context.Context, m hubclient.Method) (hubclient.Response, error) {
			fmt.Printf("%s %s\n", m.Name, m.Payload)
			return hubclient.Response{Status: 202, Payload: json.RawMessage(`"soon"`)}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	run(device, func(context.Context) { fmt.Println(<-hub.received) })
	// Output:
	// reboot {"delay":5}
	// $iothub/methods/res/202/?$rid=1 "soon"
}

// A device whose key has changed at the hub continues with the new one. Its messages wait meanwhile.
func ExampleOptions_renewCredentials() {
	hub := &tinyHub{refusals: 1, received: make(chan string, 1)}
	device, err := hubclient.New(credentials, &hubclient.Options{
		Dial: hub.dial,
		RenewCredentials: func(_ context.Context, refusal error) (hubclient.Credentials, error) {
			if refused, ok := errors.AsType[*hubclient.ConnectError](refusal); ok {
				fmt.Println(refused.Code)
			}
			renewed := credentials
			renewed.Key = []byte("today's key")
			return renewed, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	run(device, func(ctx context.Context) {
		fmt.Println(device.Send(ctx, hubclient.Message{Body: []byte("hello")}))
	})
	// Output:
	// not authorized
	// <nil>
}

// A registration with an enrollment group's key, and a device with what came out of it.
func ExampleRegister() {
	ctx := context.Background()
	assignment, err := hubclient.Register(ctx, hubclient.Enrollment{
		IDScope: "0ne00ABCDEF", RegistrationID: "sn-007", GroupKey: []byte("…"),
		Payload: json.RawMessage(`{"model":"a"}`),
		OnStep:  func(s hubclient.Step) { fmt.Println(s.Kind, s.Status, s.RetryAfter) },
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	device, err := hubclient.New(assignment.Credentials, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(device.Run(ctx))
}
