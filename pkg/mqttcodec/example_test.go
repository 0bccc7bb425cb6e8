// testing keeps the output of an example in a file, and a page has none to write to.

//go:build !js

package mqttcodec_test

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A packet is encoded by appending it to a buffer.
func ExampleAppend() {
	var buf []byte
	buf, err := mqttcodec.Append(buf, &mqttcodec.Publish{
		QoS:       mqttcodec.QoS1,
		PacketID:  1,
		TopicName: []byte("devices/MyDevice01/messages/events/"),
		Payload:   []byte(`{"temperature":21.5}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d bytes: % x ...\n", len(buf), buf[:4])

	_, err = mqttcodec.Append(buf, &mqttcodec.Publish{TopicName: []byte("devices/+/messages/events/")})
	fmt.Println(err)
	// Output:
	// 61 bytes: 32 3b 00 23 ...
	// mqtt: PUBLISH: topic name holds a wildcard [MQTT-3.3.2-2]
}

// A payload of any size goes out behind its header without being copied.
func ExampleAppendPublishHeader() {
	p := &mqttcodec.Publish{TopicName: []byte("firmware"), Payload: make([]byte, 200_000)}
	header, err := mqttcodec.AppendPublishHeader(nil, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	n, _ := (&net.Buffers{header, p.Payload}).WriteTo(io.Discard)
	fmt.Println(len(header), "bytes of header,", n, "in all")
	// Output: 14 bytes of header, 200014 in all
}

// Decode takes the first packet off a slice; io.ErrUnexpectedEOF says that the rest is the beginning of one.
func ExampleDecode() {
	src := []byte("\x20\x02\x00\x05" + "\xd0\x00" + "\x30\x0a\x00\x01")
	for {
		p, n, err := mqttcodec.Decode(src)
		if err == io.ErrUnexpectedEOF {
			fmt.Println(len(src), "bytes wait for more")
			return
		} else if err != nil {
			fmt.Println(err)
			return
		}
		src = src[n:]
		switch p := p.(type) {
		case *mqttcodec.Connack:
			fmt.Println("the server says:", p.ReturnCode)
		default:
			fmt.Println(p)
		}
	}
	// Output:
	// the server says: not authorized
	// PINGRESP
	// 4 bytes wait for more
}

// A Reader gives a connection's packets one by one. What is to be kept is cloned.
func ExampleReader() {
	client, server := net.Pipe()
	go func() {
		defer client.Close()
		wire, _ := mqttcodec.Append(nil, &mqttcodec.Connect{ClientID: []byte("MyDevice01"), KeepAlive: 240})
		wire, _ = mqttcodec.Append(wire, &mqttcodec.Publish{TopicName: []byte("a/b"), Payload: []byte("hello")})
		_, _ = client.Write(wire)
	}()

	var kept []mqttcodec.Packet
	r := mqttcodec.NewReader(server, 256<<10)
	for {
		p, err := r.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			fmt.Println(err)
			return
		}
		kept = append(kept, mqttcodec.Clone(p))
	}
	for _, p := range kept {
		fmt.Println(p)
	}
	// Output:
	// CONNECT client id "MyDevice01" clean session false keep alive 240 s
	// PUBLISH "a/b" QoS 0 5 bytes
}

// A Buffer is for bytes that are pushed, as WebSocket messages are: they and packets do not line up.
func ExampleBuffer() {
	var b mqttcodec.Buffer
	for _, message := range []string{"\x40", "\x02\x00\x07\x40\x02\x00", "\x08\xd0\x00"} {
		if _, err := b.Write([]byte(message)); err != nil {
			fmt.Println(err)
			return
		}
		for {
			p, err := b.Next()
			if err == io.ErrUnexpectedEOF {
				break
			} else if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(p)
		}
	}
	// Output:
	// PUBACK id 7
	// PUBACK id 8
	// PINGRESP
}

// A program tells errors apart by their clause. A server that is asked for another version of MQTT must say so before
// it closes the connection.
func ExampleError() {
	const mqtt5 = "\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"
	_, _, err := mqttcodec.Decode([]byte(mqtt5))
	var malformed *mqttcodec.Error
	if errors.As(err, &malformed) && malformed.Clause == "MQTT-3.1.2-2" {
		answer, _ := mqttcodec.Append(nil, &mqttcodec.Connack{ReturnCode: mqttcodec.UnacceptableProtocolVersion})
		fmt.Printf("%v: % x\n", err, answer)
	}
	// Output: mqtt: CONNECT: protocol level is not 4 [MQTT-3.1.2-2]: 20 02 00 01
}

func ExampleMatchTopic() {
	fmt.Println(mqttcodec.MatchTopic("$iothub/twin/res/#", "$iothub/twin/res/200/?$rid=1"))
	fmt.Println(mqttcodec.MatchTopic("sport/+/player1", "sport/tennis/player2"))
	fmt.Println(mqttcodec.MatchTopic("#", "$SYS/uptime"))
	// Output:
	// true
	// false
	// false
}
