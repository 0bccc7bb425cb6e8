package inbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

const (
	inboxLimit = 1000    // messages that are kept; beyond it the oldest are dropped, and the view shows how many
	inboxPage  = 100     // messages that are drawn, until the person asks for more
	bodyShown  = 8 << 10 // bytes of a body that are drawn; copying takes all of it
)

// message is a message in the inbox: from the cloud to the device, or to an input of the module.
type message struct {
	id        int
	at        time.Time
	content   hubclient.Message
	duplicate bool   // the hub marked it as sent before
	input     string // of the module; empty: it is a cloud-to-device message
	completed bool   // its PUBACK was written
	line      *page.Entry
	kind      page.BodyKind
	form      page.BodyForm // how the person wants to see the body
	sought    string        // what a search looks through, in lower case: made once, since every key stroke searches
}

// state is the messages, oldest first, and how the person views them.
type state struct {
	messages []*message
	next     int                 // id of the next message
	pending  map[uint64]*message // by their deliveries: those whose PUBACK is not written yet
	dropped  int
	search   ui.Field
	kind     page.BodyKind // empty: every kind
	shown    int           // how many of the matching are drawn, the newest
	copied   int           // id of the message whose body was copied last
}

func newState() state {
	return state{shown: inboxPage, copied: -1, pending: map[uint64]*message{}}
}

func (s *state) add(m *message) {
	m.id = s.next
	s.next++
	m.kind = page.KindOf(m.content.Body)
	m.form = page.OwnForm[m.kind]
	m.sought = strings.ToLower(soughtIn(m))
	s.messages = append(s.messages, m)
	if extra := len(s.messages) - inboxLimit; extra > 0 {
		s.messages = append([]*message(nil), s.messages[extra:]...)
		s.dropped += extra
	}
}

// clear drops the messages. Those whose PUBACK is not written yet are still followed, because the device's log has them too.
func (s *state) clear() { s.messages, s.dropped, s.shown = nil, 0, inboxPage }

// soughtIn is a message as a person searches it: the body, or a binary one's bytes in hex, and all properties.
func soughtIn(m *message) string {
	var b strings.Builder
	if m.kind == page.KindBinary {
		fmt.Fprintf(&b, "%x", m.content.Body)
	} else {
		b.Write(m.content.Body)
	}
	for _, property := range m.content.Properties {
		b.WriteString("\n" + page.PropertyText(property))
	}
	for _, property := range hubproto.SystemPropertyTable {
		if v, ok := m.content.SystemProperties.Get(property.Key); ok {
			b.WriteString("\n" + property.Name + " = " + v)
		}
	}
	b.WriteString("\n" + m.input)
	return b.String()
}

// matching returns the newest messages that the search and the filter let through, newest first, at most as many as are shown;
// all is how many there are.
func (s *state) matching() (newest []*message, all int) {
	sought := strings.ToLower(strings.TrimSpace(s.search.Text))
	for i := len(s.messages) - 1; i >= 0; i-- {
		m := s.messages[i]
		if s.kind != "" && m.kind != s.kind || !strings.Contains(m.sought, sought) {
			continue
		}
		all++
		if len(newest) < s.shown {
			newest = append(newest, m)
		}
	}
	return newest, all
}
