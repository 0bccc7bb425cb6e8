package cloud

import (
	"strconv"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// gotOperation handles an entry of the operations log.
func (room *Room) gotOperation(entry hubservice.Entry) {
	o, err := entry.Operation()
	if err != nil {
		room.Fail("hub", err)
		return
	}
	what := o.Name
	if o.DeviceID != "" {
		what += " · " + o.DeviceID
	}
	kind := page.StateChange
	if o.Failed() {
		kind = page.Failure
	}
	room.UpdateSoon(func() {
		e := room.log.Add(o.Time.In(room.Env.Location), kind, l10n.Verbatim(what), l10n.Verbatim(o.Description), nil)
		room.log.Dropped += int(o.Lost)
		if o.StatusCode != 0 {
			e.Note = l10n.Verbatim(strconv.Itoa(o.StatusCode))
		}
		if kind == page.Failure && o.DeviceID != "" {
			room.Links.Refused(&o)
		}
		switch o.Category {
		case emulator.CategoryC2D:
			room.Messages.history.note(&o)
			room.Registry.news()
		case emulator.CategoryConnections, emulator.CategoryRegistry:
			room.Registry.news()
		case emulator.CategoryEmulator:
			if o.Name == "faults" { // perhaps another page's
				room.Faults.Load()
			}
		}
	})
}
