//go:build !js

// The outputs of examples are captured through a file, which a browser does not have.

package emulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// dial is the dial function of an MQTT client, such as hubclient.Options.Dial.
type dial func(ctx context.Context, url string) (net.Conn, error)

// connectAndSend is a small MQTT client: it connects a device and sends one message.
func connectAndSend(ctx context.Context, dial dial, device emulator.Device, body string) error {
	conn, err := dial(ctx, "wss://my-hub.example/$iothub/websocket")
	if err != nil {
		return err
	}
	defer conn.Close()
	packets := mqttcodec.NewReader(conn, 0)
	for _, p := range []mqttcodec.Packet{
		&mqttcodec.Connect{
			ClientID: []byte(device.DeviceID), KeepAlive: 60, UserNameFlag: true, PasswordFlag: true,
			UserName: []byte("my-hub.example/" + device.DeviceID + "/?api-version=2021-04-12"),
			Password: []byte(sasToken("my-hub.example/devices/"+device.DeviceID, device.Authentication.SymmetricKey.PrimaryKey, "")),
		},
		&mqttcodec.Publish{
			QoS: mqttcodec.QoS1, PacketID: 1, TopicName: []byte("devices/" + device.DeviceID + "/messages/events/room=kitchen"),
			Payload: []byte(body),
		},
	} {
		raw, err := mqttcodec.Append(nil, p)
		if err != nil {
			return err
		}
		if _, err := conn.Write(raw); err != nil {
			return err
		}
		answer, err := packets.Next()
		if err != nil {
			return err
		}
		fmt.Println(answer.Type())
		if c, ok := answer.(*mqttcodec.Connack); ok && c.ReturnCode != mqttcodec.ConnectionAccepted {
			return fmt.Errorf("refused: %v", c.ReturnCode)
		}
	}
	return nil
}

// The zero Hub is ready. Its Dial takes the place of a network.
func Example() {
	ctx := context.Background()
	var hub emulator.Hub
	defer hub.Close()

	device, err := hub.PutDevice(ctx, emulator.Device{DeviceID: "pump-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	events := hub.Events(ctx) // from now on
	if err := connectAndSend(ctx, hub.Dial, device, `{"pressure": 2.5}`); err != nil {
		fmt.Println(err)
		return
	}
	for event := range events {
		fmt.Printf("%s in the %s: %s\n", event.DeviceID, event.Properties["room"], event.Body)
		break
	}
	// Output:
	// CONNACK
	// PUBACK
	// pump-1 in the kitchen: {"pressure": 2.5}
}

// Do is the REST API without a network. The paths and tokens are those of the service.
func ExampleHub_Do() {
	ctx := context.Background()
	hub := emulator.Hub{HostName: "my-hub.example"}
	defer hub.Close()
	key, err := hub.PolicyKey(ctx, emulator.PolicyOwner)
	if err != nil {
		fmt.Println(err)
		return
	}
	header := map[string]string{"Authorization": sasToken("my-hub.example", key, emulator.PolicyOwner)}
	do := func(method, path, body string) *emulator.Response {
		return hub.Do(ctx, &emulator.Request{Method: method, Path: path, Header: header, Body: []byte(body)})
	}
	fmt.Println(do("PUT", "/devices/pump-1", `{"deviceId": "pump-1"}`).Status)
	fmt.Println(do("PATCH", "/twins/pump-1", `{"properties": {"desired": {"interval": 10}}}`).Status)
	var twin struct {
		Properties struct {
			Desired struct {
				Interval int `json:"interval"`
			} `json:"desired"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(do("GET", "/twins/pump-1", "").Body, &twin); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(twin.Properties.Desired.Interval)
	// Output:
	// 200
	// 200
	// 10
}

// A message stays in the queue until its device acknowledges it. The operations log reports what becomes of it.
func ExampleHub_SendToDevice() {
	ctx := context.Background()
	var hub emulator.Hub
	defer hub.Close()
	if _, err := hub.PutDevice(ctx, emulator.Device{DeviceID: "pump-1"}); err != nil {
		fmt.Println(err)
		return
	}
	operations := hub.Operations(ctx)
	if err := hub.SendToDevice(ctx, "pump-1", emulator.Message{
		MessageID: "order-7", ContentType: "application/json",
		Properties: []emulator.Property{{Name: "priority", Value: "high"}},
		Body:       []byte(`{"stop": true}`),
	}); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := hub.Purge(ctx, "pump-1"); err != nil {
		fmt.Println(err)
		return
	}
	for o := range operations {
		fmt.Println(o.Name, o.MessageID)
		if o.Name == emulator.MessagePurged {
			break
		}
	}
	// Output:
	// messageEnqueued order-7
	// messagePurged order-7
}

// Faults simulate a bad network or an overloaded service.
func ExampleHub_SetFaults() {
	ctx := context.Background()
	var hub emulator.Hub
	defer hub.Close()
	device, err := hub.PutDevice(ctx, emulator.Device{DeviceID: "pump-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := hub.SetFaults(emulator.Faults{Refuse: mqttcodec.ServerUnavailable, Delay: 10 * time.Millisecond}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hub.CurrentFaults())
	fmt.Println(connectAndSend(ctx, hub.Dial, device, "never sent"))
	// Output:
	// network: delay 10ms, refuse CONNECT (server unavailable)
	// CONNACK
	// refused: server unavailable
}
