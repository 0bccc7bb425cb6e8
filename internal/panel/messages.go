package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

const (
	inboxLimit = 1000    // messages that are kept; beyond it the oldest go, and the view says how many went
	inboxPage  = 100     // messages that are drawn, until the person asks for more
	bodyShown  = 8 << 10 // bytes of a body that are drawn; copying takes all of it
)

// received is a message in the inbox: from the cloud to the device, or to an input of the module.
type received struct {
	id        int
	at        time.Time
	message   hubclient.Message
	duplicate bool   // the hub marked it as sent before
	input     string // of the module; empty: it is a cloud-to-device message
	kind      bodyKind
	form      bodyForm // how the person wants to see the body
	sought    string   // what a search looks through, in lower case: made once, since every key stroke searches
}

// bodyKind is what a body is, found by looking at it: a content type may be missing, or wrong.
type bodyKind string

const (
	kindJSON   bodyKind = "json"
	kindText   bodyKind = "text"
	kindBinary bodyKind = "binary"
)

func kindOf(body []byte) bodyKind {
	switch {
	case json.Valid(body):
		return kindJSON
	case printable(body):
		return kindText
	}
	return kindBinary
}

// bodyForm is how a body is shown.
type bodyForm string

const (
	formText bodyForm = "text"
	formJSON bodyForm = "json"
	formHex  bodyForm = "hex"
)

// ownForm is how a body of the kind is shown at first.
var ownForm = map[bodyKind]bodyForm{kindJSON: formJSON, kindText: formText, kindBinary: formHex}

// show is a body in the form. Text replaces what is not UTF-8 by U+FFFD.
func (f bodyForm) show(body []byte) string {
	switch f {
	case formJSON:
		return indented(body)
	case formHex:
		return hexDump(body)
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// hexDump is a body in lines of 16 bytes: offset, bytes, and what of them is printable ASCII.
func hexDump(body []byte) string {
	var b strings.Builder
	for at := 0; at < len(body); at += 16 {
		line := body[at:min(at+16, len(body))]
		ascii := bytes.Clone(line)
		for i, c := range ascii {
			if c < ' ' || c > '~' {
				ascii[i] = '.'
			}
		}
		fmt.Fprintf(&b, "%08x  %-47s  %s\n", at, fmt.Sprintf("% x", line), ascii)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// inbox is the device's cloud-to-device messages, oldest first, and what the person wants to see of them.
type inbox struct {
	messages []*received
	next     int // id of the next message
	dropped  int
	search   field
	kind     bodyKind // empty: every kind
	shown    int      // how many of the matching are drawn, the newest
	copied   int      // id of the message whose body was copied last
}

func newInbox() inbox { return inbox{shown: inboxPage, copied: -1} }

func (b *inbox) add(m *received) {
	m.id = b.next
	b.next++
	m.kind = kindOf(m.message.Body)
	m.form = ownForm[m.kind]
	m.sought = strings.ToLower(soughtIn(m))
	b.messages = append(b.messages, m)
	if extra := len(b.messages) - inboxLimit; extra > 0 {
		b.messages = append([]*received(nil), b.messages[extra:]...)
		b.dropped += extra
	}
}

func (b *inbox) clear() { b.messages, b.dropped, b.shown = nil, 0, inboxPage }

// soughtIn is a message as a person searches it: the body, or a binary one's bytes in hex, and all properties.
func soughtIn(m *received) string {
	var b strings.Builder
	if m.kind == kindBinary {
		fmt.Fprintf(&b, "%x", m.message.Body)
	} else {
		b.Write(m.message.Body)
	}
	for _, property := range m.message.Properties {
		b.WriteString("\n" + propertyText(property))
	}
	for _, property := range hubproto.SystemPropertyTable {
		if v, ok := m.message.SystemProperties.Get(property.Key); ok {
			b.WriteString("\n" + property.Name + " = " + v)
		}
	}
	b.WriteString("\n" + m.input)
	return b.String()
}

// matching are the newest messages that the search and the filter let through, newest first, at most as many as are shown;
// all is how many there are.
func (b *inbox) matching() (newest []*received, all int) {
	sought := strings.ToLower(strings.TrimSpace(b.search.text))
	for i := len(b.messages) - 1; i >= 0; i-- {
		m := b.messages[i]
		if b.kind != "" && m.kind != b.kind || !strings.Contains(m.sought, sought) {
			continue
		}
		all++
		if len(newest) < b.shown {
			newest = append(newest, m)
		}
	}
	return newest, all
}

// gotMessage takes a cloud-to-device message, or one to a module's input. Its nil error is what completes the message: the client sends PUBACK then.
func (p *Panel) gotMessage(_ context.Context, d hubclient.Delivery) error {
	defer p.recovered("a message")
	p.update(func() {
		p.device.received++
		// The client's message is this handler's to keep only while it runs.
		message := d.Message
		message.Body = bytes.Clone(message.Body)
		p.inbox.add(&received{at: p.now(), message: message, duplicate: d.Duplicate, input: d.Input})
		what := p.T("Cloud-to-device message")
		if d.Input != "" {
			what = p.T("Message to the input %s", d.Input)
		}
		e := p.deviceLog.add(p.now(), entryReceived, what, oneLine(payloadText(message.Body), 90), describeMessage(message))
		e.outcome, e.note = done, p.T("completed (PUBACK)")
	})
	return nil
}

// copyMessage puts a message's body on the clipboard, in the form in which it is shown, but whole.
func (p *Panel) copyMessage(m *received) {
	p.mu.Lock()
	body := m.form.show(m.message.Body)
	p.mu.Unlock()
	p.start("copy a message", func(ctx context.Context) {
		err := p.env.Copy(ctx, body)
		p.update(func() {
			if err != nil {
				p.failLocked("copy", l10n.New("the message could not be copied: %v", err))
				return
			}
			p.clearNotice("copy")
			p.inbox.copied = m.id
		})
	})
}
