package telemetry

import (
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/simulation"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// simulatorForm is the form that imports a configuration of Iot-Telemetry-Simulator, with the result of the last import.
type simulatorForm struct {
	text   ui.Field // may hold a hub's key until it is imported; it is never exported
	result page.Result
	notes  []*l10n.Message
}

// secrets returns the keys and tokens in the text, wherever it has a connection string.
func (f *simulatorForm) secrets() (secrets []string) {
	separator := func(r rune) bool { return strings.ContainsRune(";\"'\\\r\n", r) }
	for part := range strings.FieldsFuncSeq(f.text.Text, separator) {
		// A setting is before the first part of its connection string: IotHubConnectionString=SharedAccessKey=...
		for more := true; more; _, part, more = strings.Cut(part, "=") {
			secrets = append(secrets, page.SecretsIn(part)...)
		}
	}
	return secrets
}

// clear empties the form.
func (f *simulatorForm) clear() {
	f.text.Set("")
	f.result, f.notes = page.Result{}, nil
}

// importSimulator adds the streams of the configuration in the form.
func (room *Room) importSimulator() {
	room.Update(func() {
		f := &room.state.simulator
		imported, err := simulation.ParseSimulator(f.text.Text)
		f.notes = imported.Notes
		if err != nil {
			f.result = page.ResultOf(err, nil)
			return
		}
		for _, e := range imported.Streams {
			st := room.state.streams.add()
			st.restore(e)
			st.open, st.imported = true, true
		}
		f.text.Set("")
		n := len(imported.Streams)
		f.result = page.Result{OK: true, Text: l10n.NewN(n, "%d stream was added: look at its template, then start it.", "%d streams were added: look at their templates, then start them.", n)}
	})
}

// importSimulatorFile puts a file into the form and imports it.
func (room *Room) importSimulatorFile(e ui.Event) {
	if len(e.Files) == 0 {
		return
	}
	room.Update(func() { room.state.simulator.text.Set(string(e.Files[0].Data)) })
	room.importSimulator()
}
