package main

import "strings"

// messages is how many each client sends or receives, and bodySize their payload in bytes.
const (
	messages = 20_000
	bodySize = 100
)

// Everybody is the same device, and uses the same topics.
const (
	deviceID   = "bench"
	topic      = "devices/bench/messages/events/"
	c2dTopic   = "devices/bench/messages/devicebound/"
	c2dFilter  = c2dTopic + "#"
	floodOrder = "go" // a message of QoS 0 with this payload makes the server send
)

// A task is what the clients are measured at; it is also the path of the WebSocket that the server plays it on.
type task string

const (
	sendBatched task = "send-batched" // PUBACKs of a millisecond in one frame
	sendSingle  task = "send-single"  // each PUBACK in a frame of its own
	receiveQoS0 task = "receive-qos0" // messages, one a frame
	receiveQoS1 task = "receive-qos1" // the same, to be acknowledged
)

func (t task) String() string {
	return map[task]string{
		sendBatched: "send at QoS 1, acknowledged in batches",
		sendSingle:  "send at QoS 1, one frame per PUBACK",
		receiveQoS0: "receive at QoS 0, one message a frame",
		receiveQoS1: "receive at QoS 1, one message a frame",
	}[t]
}

// body is what every message carries.
func body() []byte { return []byte(strings.Repeat("x", bodySize)) }
