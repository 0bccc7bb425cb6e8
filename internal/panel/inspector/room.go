package inspector

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/wire"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Room is the wire inspector.
type Room struct {
	*page.Page
	Links Links
	state state
}

// Links are the room's connections to other rooms.
type Links struct {
	// Heard is called for every packet, sent or received, with the time of it. The lock is held.
	Heard func(at time.Time)
}

// state is the log of packets, and how the person views it.
type state struct {
	log      wire.Log
	filter   filter
	paused   int // the newest record that is shown; 0: all of them
	shown    int // how many rows are drawn
	busy     page.BusyList
	found    found
	selected int // the number of a record; 0: none
	from, to int // the bytes of it that are marked
}

// pageRows is how many rows are drawn at first, and by how many more each time.
const pageRows = 100

// windowRows is how many of them fill the list's window.
const windowRows = 20

// New returns a room with an empty log.
func New(p *page.Page) *Room { return &Room{Page: p, state: state{shown: pageRows}} }

// Prepare paces the list before a drawing. The lock is held for writing.
func (room *Room) Prepare() {
	if w := &room.state; room.Topic == page.TopicWire {
		w.busy.Prepare(room.Drawing, w.log.Dropped()+len(w.log.Records()))
	}
}

// Commands returns the commands of the list of packets. The lock is held.
func (room *Room) Commands() []page.Command {
	some, hint := len(room.state.log.Records()) > 0, l10n.New("Wire")
	pause := page.Command{ID: "wire-pause", Name: l10n.New("Pause the packets"), Hint: hint, Enabled: some, Do: room.At(page.TopicWire, room.pause)}
	if room.state.paused > 0 {
		pause = page.Command{ID: "wire-go-on", Name: l10n.New("Go on with the packets"), Hint: hint, Enabled: true, Do: room.At(page.TopicWire, room.resume)}
	}
	return []page.Command{
		pause,
		{ID: "wire-pcapng", Name: l10n.New("Save the packets for Wireshark"), Hint: hint, Enabled: some && room.Env.Save != nil, Do: room.savePcapng},
		{ID: "wire-json-lines", Name: l10n.New("Save the packets as JSON lines"), Hint: hint, Enabled: some && room.Env.Save != nil, Do: room.saveLines},
		{ID: "wire-clear", Name: l10n.New("Clear the packets"), Hint: hint, Enabled: some, Do: room.clear},
	}
}

// Traced adds a packet to the log. It is the client's Trace, and runs on the client's own goroutine.
func (room *Room) Traced(t hubclient.Traced) {
	direction := wire.Sent
	if t.Direction == hubclient.Received {
		direction = wire.Received
	}
	now := time.Now()
	room.UpdateSoon(func() {
		room.Links.Heard(now)
		if err := room.state.log.Add(now, direction, t.Message, t.Size, t.Packet); err != nil {
			room.FailLocked("wire", l10n.New("the wire log could not keep a packet: %v", err))
		}
	})
}

// pause keeps the list as it is, while packets are still added to the log.
func (room *Room) pause() {
	room.Update(func() {
		if records := room.state.log.Records(); len(records) > 0 {
			room.state.paused = records[len(records)-1].Number
		}
	})
}

// resume shows all packets again.
func (room *Room) resume() { room.Update(func() { room.state.paused = 0 }) }

// clear removes the packets.
func (room *Room) clear() {
	room.Update(func() {
		w := &room.state
		w.log.Clear()
		w.selected, w.paused, w.shown = 0, 0, pageRows
	})
}
