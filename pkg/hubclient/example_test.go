//go:build !js

// The outputs of examples are captured through a file, which a browser does not have.

package hubclient_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
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

// A device that answers a direct method and sends one message. It needs a hub, so it is only compiled here;
// examples/device is the same as a program.
func Example() {
	ctx := context.Background()
	credentials, err := hubclient.ParseConnectionString("HostName=…;DeviceId=…;SharedAccessKey=…")
	if err != nil {
		fmt.Println(err)
		return
	}
	device, err := hubclient.New(credentials, &hubclient.Options{
		OnMethod: func(_ context.Context, m hubclient.Method) (hubclient.Response, error) {
			return hubclient.Response{Payload: m.Payload}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		if err := device.Run(ctx); err != nil {
			fmt.Println(err)
		}
	}()
	m := hubclient.Message{Body: []byte(`{"temperature":21.5}`)}
	m.ContentType, m.ContentEncoding = "application/json", "utf-8"
	if err := device.Send(ctx, m); err != nil {
		fmt.Println(err)
	}
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
