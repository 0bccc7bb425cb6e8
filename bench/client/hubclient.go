package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// runHubclient plays a task with this project's client and returns how long it took. It has its default options.
func runHubclient(ctx context.Context, url string, t task) (took time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	connected, received := make(chan struct{}), make(chan struct{})
	phase, left := hubclient.Disconnected, messages
	o := &hubclient.Options{Endpoint: url, OnState: func(s hubclient.State) {
		if s.Phase == hubclient.Connected && phase != hubclient.Connected {
			close(connected)
		}
		phase = s.Phase
	}}
	if t == receiveQoS0 || t == receiveQoS1 {
		o.OnMessage = func(context.Context, hubclient.Delivery) error {
			if left--; left == 0 {
				close(received)
			}
			return nil
		}
	}
	device, err := hubclient.New(hubclient.Credentials{Host: "bench.azure-devices.net", DeviceID: deviceID, Key: []byte("key12345")}, o)
	if err != nil {
		return 0, err
	}
	result := make(chan error, 1)
	go func() { result <- device.Run(ctx) }()
	defer func() {
		stop()
		if runErr := <-result; err == nil {
			err = runErr
		}
	}()
	select {
	case <-connected:
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("hubclient does not connect: %v", device.State().Err)
	}
	if o.OnMessage == nil {
		batch := make([]hubclient.Message, messages)
		for i := range batch {
			batch[i].Body = body()
		}
		start := time.Now()
		err = device.SendBatch(ctx, batch)
		return time.Since(start), err
	}
	start := time.Now()
	if err := device.SendQoS0(ctx, hubclient.Message{Body: []byte(floodOrder)}); err != nil {
		return 0, err
	}
	select {
	case <-received:
		return time.Since(start), nil
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("hubclient did not receive everything: %v", device.State().Err)
	}
}
