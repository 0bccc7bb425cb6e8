//go:build !js

package main

import (
	"context"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// runPaho plays the task of sending with eclipse/paho.mqtt.golang: all messages are published before the first token is
// waited for.
func runPaho(_ context.Context, url string, _ task) (time.Duration, error) {
	c := paho.NewClient(paho.NewClientOptions().AddBroker(url).SetClientID(deviceID).SetProtocolVersion(4).SetOrderMatters(false))
	if t := c.Connect(); t.Wait() && t.Error() != nil {
		return 0, t.Error()
	}
	defer c.Disconnect(250)
	payload, tokens := body(), make([]paho.Token, messages)
	start := time.Now()
	for i := range tokens {
		tokens[i] = c.Publish(topic, 1, false, payload)
	}
	for _, t := range tokens {
		if t.Wait(); t.Error() != nil {
			return 0, t.Error()
		}
	}
	return time.Since(start), nil
}
