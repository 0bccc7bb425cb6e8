// Package mqttcodec turns MQTT 3.1.1 control packets into bytes and bytes into packets: all 14 of them, both ways, to
// the letter of the OASIS standard. Nothing else lives here: no connections, no sessions, no goroutines, no clock, no
// dependency. Clause numbers such as [MQTT-3.3.1-4] are those of the final standard of 29 October 2014
// (docs.oasis-open.org/mqtt/mqtt/v3.1.1); docs/conformance.md lists all of them with the part of this project that
// obeys each.
//
// # Usage
//
// A packet is a pointer to a struct with the standard's field names. [Append] adds its bytes to a slice:
//
//	buf, err := mqttcodec.Append(buf[:0], &mqttcodec.Puback{PacketID: 7})
//
// There are four ways back, which all accept and refuse the same:
//
//   - [Decode] returns a packet of the caller's own from bytes in memory.
//   - A [Decoder] does so without allocating: its packet is a view of the source, valid until the next call.
//   - A [Reader] pulls packets out of an [io.Reader]; each is a view, valid until the next call.
//   - A [Buffer] is pushed pieces of the stream, and gives the packets that they complete; views as well.
//
// [Clone] turns a view into a packet to keep.
//
// [MatchTopic], [ValidTopicName] and [ValidTopicFilter] are the rules of section 4.7 for topics.
//
// Where to find a rule: each packet has one place with its struct, its decoder and its encoder (connect.go,
// connack.go, publish.go, subscribe.go with its answers, ack.go for those of one identifier or none), and the clause
// is beside the line that obeys it. A PUBLISH is decoded in pull.go. What packets share is in fixedheader.go (section 2.2), text.go (1.5.3) and
// topic.go (4.7).
//
// # Limits
//
// A Reader or Buffer takes packets up to its limit, [DefaultLimit] unless it is given another, and checks that on the
// fixed header. Memory follows the bytes that have arrived, at most twice as many, never what a header announces.
// Strings and binary fields hold 65,535 bytes, a packet's body [MaxRemainingLength]; Append refuses what is longer and
// never cuts. The filters of a SUBSCRIBE or UNSUBSCRIBE are slices of slices and take up to eight times their bytes on
// the wire.
//
// # Errors
//
// Bytes that are not legal, and packets that are not, give an [*Error] with the packet type, the clause and the reason;
// no error holds a byte of the packet. A packet over the limit gives a [*LimitError]. io.ErrUnexpectedEOF means that
// bytes are missing: from Decode and Buffer.Next, that more are needed; from Reader.Next, that the stream ended inside
// a packet. Between packets it ends with io.EOF.
//
// What the standard leaves to a receiver's choice is accepted: control and non-characters in strings (section 1.5.3)
// and remaining lengths that are longer than they need be (2.2.3). What only a session can know, such as whether a
// packet identifier is in use, is the business of those who keep sessions.
//
// # Concurrency
//
// Functions may be called from any goroutine. A Decoder, Reader or Buffer, and the packet it gave last, belong to one
// goroutine at a time.
//
// # Cancellation
//
// Only Reader.Next can wait, and it waits only in its stream's Read: closing the stream ends it.
package mqttcodec
