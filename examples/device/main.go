// Device is the smallest complete device: it connects, sends a temperature every five seconds, prints the messages and the
// desired properties that it gets, reports the interval that it was asked for, and answers the direct method "echo".
//
//	IOTHUB_DEVICE_CONNECTION_STRING='HostName=…;DeviceId=…;SharedAccessKey=…' go run ./examples/device
//
// It runs against Azure IoT Hub and against the emulator of `make run` alike; README.md describes where to get the string.
// IOTHUB_DEVICE_TRANSPORT=mqtts chooses MQTT over TLS (8883) in place of a WebSocket; with it X509_CERT_FILE and
// X509_KEY_FILE hold the certificate of a device whose string has x509=true, and IOTHUB_CA_FILE an authority to trust.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/iothub"
)

func main() {
	log.SetFlags(log.Ltime)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	credentials, err := hubclient.ParseConnectionString(os.Getenv("IOTHUB_DEVICE_CONNECTION_STRING"))
	if err != nil {
		return fmt.Errorf("IOTHUB_DEVICE_CONNECTION_STRING: %w", err)
	}
	carrier, err := transport(credentials)
	if err != nil {
		return err
	}
	intervals := make(chan time.Duration, 1)
	device, err := hubclient.New(credentials, &hubclient.Options{
		Dial:       carrier.dial,
		ClientType: "hubpanel-example",
		ServerTime: carrier.serverTime,
		OnState: func(s hubclient.State) {
			if s.Err != nil {
				log.Printf("%s: %v", s.Phase, s.Err)
				return
			}
			log.Print(s.Phase)
		},
		OnMessage: func(_ context.Context, m hubclient.Delivery) error {
			log.Printf("message from the cloud: %s %v", m.Body, m.Properties)
			return nil
		},
		OnDesired: func(_ context.Context, d hubclient.Desired) {
			log.Printf("desired properties, version %d: %s", d.Version, d.Patch)
			var desired struct {
				Interval float64 `json:"interval"` // seconds between two messages
			}
			if json.Unmarshal(d.Patch, &desired) == nil && desired.Interval >= 0.1 && desired.Interval <= 3600 {
				// The latest counts, and the handler does not wait for its reader.
				select {
				case <-intervals:
				default:
				}
				intervals <- time.Duration(desired.Interval * float64(time.Second))
			}
		},
		OnMethod: func(_ context.Context, m hubclient.Method) (hubclient.Response, error) {
			log.Printf("direct method %s: %s", m.Name, m.Payload)
			if m.Name != "echo" {
				return hubclient.Response{Status: 404, Payload: json.RawMessage(`{"message":"this device only knows echo"}`)}, nil
			}
			return hubclient.Response{Status: 200, Payload: m.Payload}, nil
		},
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	work.Go(func() { measure(ctx, device, intervals) })
	err = device.Run(ctx)
	stop()
	work.Wait()
	return err
}

// measure sends a temperature again and again until ctx ends.
func measure(ctx context.Context, device *hubclient.Client, intervals <-chan time.Duration) {
	interval := 5 * time.Second
	for n := 0; ; n++ {
		m := hubclient.Message{
			Body:       fmt.Appendf(nil, `{"temperature":%.1f}`, 20+float64(n%10)/2),
			Properties: iothub.Properties{{Name: "number", Value: fmt.Sprint(n)}},
		}
		m.ContentType, m.ContentEncoding = "application/json", "utf-8"
		if err := device.Send(ctx, m); err != nil {
			if ctx.Err() == nil {
				log.Print(err)
			}
			return
		}
		log.Printf("sent %s", m.Body)
		select {
		case <-ctx.Done():
			return
		case interval = <-intervals:
			report(ctx, device, interval)
		case <-time.After(interval):
		}
	}
}

// report sends the current interval to the hub.
func report(ctx context.Context, device *hubclient.Client, interval time.Duration) {
	version, err := device.Report(ctx, fmt.Appendf(nil, `{"interval":%g}`, interval.Seconds()))
	if err != nil {
		log.Print(err)
		return
	}
	log.Printf("reported properties, version %d", version)
}
