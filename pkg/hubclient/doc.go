// Package hubclient is an Azure IoT Hub device, or module, that stays connected: telemetry, cloud-to-device messages, the
// device twin and direct methods over MQTT 3.1.1, natively and in the browser (GOOS=js), and the registration of a
// device with the Device Provisioning Service (DPS).
//
// It contains the life of a connection (connect, subscribe, keep alive, reconnect, renew the token) and the meaning of the hub's
// packets. The packets' bytes are in package mqttcodec, the WebSocket in package wsconn, the properties of messages in package
// iothub.
//
// # Usage
//
//	credentials, err := hubclient.ParseConnectionString(os.Getenv("IOTHUB_DEVICE_CONNECTION_STRING"))
//	…
//	device, err := hubclient.New(credentials, &hubclient.Options{
//		OnMethod: func(ctx context.Context, m hubclient.Method) (hubclient.Response, error) {
//			return hubclient.Response{Status: 200, Payload: m.Payload}, nil
//		},
//	})
//	…
//	go device.Run(ctx) // connects, and stays connected
//	…
//	err = device.Send(ctx, hubclient.Message{Body: []byte(`{"temperature":21.5}`)})
//
// [New] does no I/O. [Client.Run] connects the device, and connects it again whenever the connection ends,
// until its context ends or the hub refuses it permanently. The other methods wait until the device is connected,
// or until their context ends. Handlers are given once, in [Options], so they outlive every connection, and they are in
// place before CONNECT: stored messages arrive right behind its answer. The device subscribes to what has a handler, and to
// nothing else; to the twin's topics also on the first use of [Client.Twin] or [Client.Report].
//
// [Register] asks DPS which hub a device belongs to, and returns the [Credentials] for it. [Options].RenewCredentials replaces
// credentials that the hub does not accept any more.
//
// Natively [DialTLS] is the way to the hub's other port, 8883, and to a device's certificate:
//
//	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
//	device, err := hubclient.New(hubclient.Credentials{Host: host, DeviceID: id, X509: true}, &hubclient.Options{
//		Dial:       hubclient.DialTLS(config),
//		ServerTime: hubclient.ServerDate(host, nil), // reports a wrong clock on this machine if the hub refuses the token
//	})
//
// # Concurrency
//
// All methods may be called at the same time, also from handlers. The goroutine that called Run owns the state of the device;
// beside it run a reader and a writer for each connection, and one dispatcher, which runs OnState, OnMessage, OnInput,
// OnAcknowledged and OnDesired one at a time in the order of their events. Each direct method runs on a goroutine of its own, at most
// 128 at once; more are answered with status 429. Trace is called by the goroutine of Run and must not block.
//
// # Cancellation
//
// The end of Run's context ends the device: DISCONNECT, at most two seconds to write what is ready, then everything that waits
// returns with [ErrClosed], and Run returns when its handlers have. A handler's context ends with Run's; a method's
// also with the connection it came by, because its answer would have no receiver.
//
// A method that takes a context returns when that ends. A telemetry message that was already on its way stays on its way:
// the error is then an [ErrUnacknowledged] too, and the hub may or may not get the message. Without a context's end,
// the end of a connection is not an error to the caller: telemetry at QoS 1, twin reads and reported properties are sent again on
// the next connection.
//
// # Limitations
//
// Delivery is at least once: the hub does not recognise telemetry that it gets twice, and delivers a cloud-to-device message
// again when its acknowledgement was lost ([Delivery].Duplicate). Messages that wait are in memory and end with
// the process. MQTT offers a device neither to reject nor to abandon a cloud-to-device message, no file upload and no
// QoS 2. In the browser a client certificate is chosen by the browser, and why a host cannot be reached stays hidden from
// the page; natively a certificate goes by way of [DialTLS], not by the default WebSocket. A clock that is wrong is noticed
// when the hub refuses the token, not before, and reported if [Options].ServerTime is set.
package hubclient
