package scenarios

import (
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// Commands offer the scenarios by name.
func (room *Room) Commands() []page.Command {
	var hint l10n.Text = l10n.New("Scenario")
	s := &room.state
	list := []page.Command{
		{ID: "scenario-run", Name: l10n.New("Run the scenario"), Hint: hint, Enabled: s.doc != nil && !s.running(), Do: room.Start},
		{ID: "scenario-stop", Name: l10n.New("Stop the scenario"), Hint: hint, Enabled: s.running(), Do: room.Stop},
	}
	for _, d := range scenario.Builtins() {
		list = append(list, page.Command{ID: "scenario-" + d.Name, Name: l10n.New("Show the scenario: %s", d.Title.In(string(room.Language))), Hint: hint, Enabled: s.doc != d,
			Do: func() { room.Show(d, "") }})
	}
	return list
}
