package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A Field is a part of a packet: Packet[From:To] are its bytes.
type Field struct {
	Name   string // the standard's
	Value  string // in words or digits; empty for a field that only holds others
	Clause string // where the standard defines it, such as "3.3.2.1" or "MQTT-3.3.1-4"
	From   int
	To     int
	Fields []Field
}

// Dissect returns the fields of a packet, in the order of its bytes. Its errors are those of [mqttcodec.Decode], and one for
// bytes behind the packet.
func Dissect(packet []byte) ([]Field, error) {
	p, n, err := mqttcodec.Decode(packet)
	if err != nil {
		return nil, err
	}
	if n != len(packet) {
		return nil, fmt.Errorf("wire: %d bytes follow the packet", len(packet)-n)
	}
	d := &dissector{b: packet}
	d.fixedHeader(p.Type())
	switch p := p.(type) {
	case *mqttcodec.Connect:
		d.connect(p)
	case *mqttcodec.Connack:
		d.field(1, "Connect acknowledge flags", "3.2.2.1", "session present: "+strconv.FormatBool(p.SessionPresent))
		d.field(1, "Connect return code", "3.2.2.3", fmt.Sprintf("%d, %s", p.ReturnCode, p.ReturnCode))
	case *mqttcodec.Publish:
		d.text("Topic name", "3.3.2.1")
		if p.QoS > mqttcodec.QoS0 {
			d.packetID("3.3.2.2")
		}
		d.rest("Application message", "3.3.3")
	case *mqttcodec.Subscribe:
		d.packetID("3.8.2")
		for i := range p.Subscriptions {
			d.group(fmt.Sprintf("Subscription %d", i+1), "3.8.3", func() {
				d.text("Topic filter", "3.8.3")
				d.field(1, "Requested QoS", "3.8.3", strconv.Itoa(int(p.Subscriptions[i].QoS)))
			})
		}
	case *mqttcodec.Suback:
		d.packetID("3.9.2")
		for _, code := range p.ReturnCodes {
			words := "granted, QoS " + strconv.Itoa(int(code))
			if code == mqttcodec.SubackFailure {
				words = "failure"
			}
			d.field(1, "Return code", "3.9.3", words)
		}
	case *mqttcodec.Unsubscribe:
		d.packetID("3.10.2")
		for range p.TopicFilters {
			d.text("Topic filter", "3.10.3")
		}
	default:
		if d.at < len(packet) { // PUBACK and the packets like it
			d.packetID("2.3.1")
		}
	}
	return d.fields, nil
}

// A dissector walks over a packet that is known to be well formed.
type dissector struct {
	b      []byte
	at     int
	fields []Field
}

func (d *dissector) field(n int, name, clause, value string) {
	d.fields = append(d.fields, Field{Name: name, Value: value, Clause: clause, From: d.at, To: d.at + n})
	d.at += n
}

// group makes one field of all that within takes.
func (d *dissector) group(name, clause string, within func()) {
	outer, from := d.fields, d.at
	d.fields = nil
	within()
	d.fields = append(outer, Field{Name: name, Clause: clause, From: from, To: d.at, Fields: d.fields})
}

func (d *dissector) fixedHeader(t mqttcodec.Type) {
	d.group("Fixed header", "2.2", func() {
		first := d.b[0]
		d.field(1, "Type and flags", "2.2.1", fmt.Sprintf("%s, flags %04b", t, first&0b1111))
		if t == mqttcodec.PUBLISH {
			f := &d.fields[len(d.fields)-1]
			for _, flag := range []struct{ name, value, clause string }{
				{"DUP", strconv.Itoa(int(first >> 3 & 1)), "3.3.1.1"},
				{"QoS", strconv.Itoa(int(first >> 1 & 3)), "3.3.1.2"},
				{"RETAIN", strconv.Itoa(int(first & 1)), "3.3.1.3"},
			} {
				f.Fields = append(f.Fields, Field{Name: flag.name, Value: flag.value, Clause: flag.clause, From: 0, To: 1})
			}
		}
		size := 1
		for d.b[size] >= 0x80 {
			size++
		}
		d.field(size, "Remaining length", "2.2.3", strconv.Itoa(len(d.b)-1-size))
	})
}

func (d *dissector) packetID(clause string) {
	d.field(2, "Packet identifier", clause, strconv.Itoa(int(binary.BigEndian.Uint16(d.b[d.at:]))))
}

// text takes a string with its length of two bytes.
func (d *dissector) text(name, clause string) {
	n := int(binary.BigEndian.Uint16(d.b[d.at:]))
	value := d.b[d.at+2 : d.at+2+n]
	d.group(name, clause, func() {
		d.field(2, "Length", "1.5.3", strconv.Itoa(n))
		d.field(n, name, clause, words(value))
	})
	d.fields[len(d.fields)-1].Value = words(value)
}

func (d *dissector) rest(name, clause string) {
	d.field(len(d.b)-d.at, name, clause, words(d.b[d.at:]))
}

func (d *dissector) connect(p *mqttcodec.Connect) {
	d.text("Protocol name", "3.1.2.1")
	d.field(1, "Protocol level", "3.1.2.2", strconv.Itoa(int(p.ProtocolLevel)))
	d.field(1, "Connect flags", "3.1.2.3", fmt.Sprintf("%08b", d.b[d.at]))
	flags := &d.fields[len(d.fields)-1]
	for _, flag := range []struct {
		name, clause string
		value        any
	}{
		{"User name", "3.1.2.8", p.UserNameFlag}, {"Password", "3.1.2.9", p.PasswordFlag}, {"Will retain", "3.1.2.7", p.WillRetain},
		{"Will QoS", "3.1.2.6", p.WillQoS}, {"Will", "3.1.2.5", p.WillFlag}, {"Clean session", "3.1.2.4", p.CleanSession},
	} {
		flags.Fields = append(flags.Fields, Field{Name: flag.name, Value: fmt.Sprint(flag.value), Clause: flag.clause, From: flags.From, To: flags.To})
	}
	d.field(2, "Keep alive", "3.1.2.10", strconv.Itoa(int(p.KeepAlive))+" s")
	d.text("Client identifier", "3.1.3.1")
	if p.WillFlag {
		d.text("Will topic", "3.1.3.2")
		d.text("Will message", "3.1.3.3")
	}
	if p.UserNameFlag {
		d.text("User name", "3.1.3.4")
	}
	if p.PasswordFlag {
		d.text("Password", "3.1.3.5")
	}
}

// maxWords is how much of a value is shown as text, in bytes; the hex beside it shows all.
const maxWords = 512

// words is a value as text if it is one, and otherwise how long it is.
func words(b []byte) string {
	if !utf8.Valid(b) {
		return strconv.Itoa(len(b)) + " bytes"
	}
	if len(b) > maxWords {
		cut := maxWords
		for !utf8.RuneStart(b[cut]) {
			cut--
		}
		return string(b[:cut]) + "…"
	}
	return string(b)
}
