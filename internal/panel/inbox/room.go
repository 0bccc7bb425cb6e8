package inbox

import (
	"context"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// Room is the device's inbox.
type Room struct {
	*page.Page
	Links Links
	state state
}

// Links are the room's connections to other rooms.
type Links struct {
	// IsModule reports whether the device of the page is a module. The lock is held.
	IsModule func() bool
}

// New returns an empty inbox.
func New(p *page.Page) *Room { return &Room{Page: p, state: newState()} }

// Commands returns the commands of the inbox. The lock is held.
func (room *Room) Commands() []page.Command {
	return []page.Command{{ID: "inbox-clear", Name: l10n.New("Clear the cloud-to-device messages"), Hint: l10n.New("Messages"),
		Enabled: len(room.state.messages) > 0, Do: func() { room.Update(room.state.clear) }}}
}

// Save writes the messages to a session file. The lock is held.
func (room *Room) Save(d *savefile.Document) {
	d.ToDevice = make([]savefile.Body, 0, len(room.state.messages))
	for _, m := range room.state.messages {
		e := savefile.Body{At: m.at, Input: m.input, Properties: savefile.FromBag(m.content.Properties), System: map[string]any{}}
		e.SetBody(m.content.Body)
		for _, property := range hubproto.SystemPropertyTable {
			if v, ok := m.content.SystemProperties.Get(property.Key); ok {
				e.System[property.Name] = v
			}
		}
		d.ToDevice = append(d.ToDevice, e)
	}
}

// Next returns the id of the message that arrives next, for Sightings. The lock is held.
func (room *Room) Next() int { return room.state.next }

// Sightings returns the messages from an id on, as a scenario compares them. The lock is held.
func (room *Room) Sightings(from int) (list []scenario.Sighting) {
	for _, m := range room.state.messages {
		if m.id >= from {
			list = append(list, scenario.Sighting{Number: int64(m.id + 1), Value: m.sighting()})
		}
	}
	return list
}

func (m *message) sighting() any {
	properties := map[string]*string{}
	for _, property := range m.content.Properties {
		if property.Null {
			properties[property.Name] = nil
			continue
		}
		properties[property.Name] = &property.Value
	}
	return map[string]any{"data": page.ShownBody(m.content.Body), "properties": properties,
		"messageId": m.content.MessageID, "correlationId": m.content.CorrelationID, "contentType": m.content.ContentType}
}

// copyMessage puts a message's body on the clipboard, in the form in which it is shown, but whole.
func (room *Room) copyMessage(m *message) {
	room.Lock()
	body := m.form.Show(m.content.Body)
	room.Unlock()
	room.Go("copy a message", func(ctx context.Context) {
		err := room.Env.Copy(ctx, body)
		room.Update(func() {
			if err != nil {
				room.FailLocked("copy", l10n.New("the message could not be copied: %v", err))
				return
			}
			room.ClearNotice("copy")
			room.state.copied = m.id
		})
	})
}
