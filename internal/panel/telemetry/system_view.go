package telemetry

import (
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// systemMeaning explains a system property on telemetry, and its purpose ("Create and read IoT Hub messages").
func (room *Room) systemMeaning(key string) string {
	switch key {
	case "$.ct":
		return room.T("What the body is. A route can look into it ($body in a routing query) only if this is application/json and the encoding is known: so both are set from the start.")
	case "$.ce":
		return room.T("How the body's text is encoded: utf-8, utf-16 or utf-32. A body in anything else arrives as well, but no route looks into it.")
	case "$.mid":
		return room.T("Names this message, so that an answer or a log can point to it. At most 128 ASCII letters, digits and %s", messageIDPunctuation)
	case "$.cid":
		return room.T("In an answer: the message-id of the message that is answered.")
	case "$.uid":
		return room.T("Where the message comes from, in words of your own. The hub does not check it.")
	case "$.to":
		return room.T("The destination. On telemetry it is for whoever reads the message: the hub routes by its own rules.")
	case "$.exp":
		return room.T("When the message is of no use any more, as ISO 8601. It is meant for cloud-to-device messages; a hub may ignore it on telemetry, or refuse it.")
	case "$.ctime":
		return room.T("When the device made the message, as ISO 8601: for messages that waited before they were sent. The hub adds its own time as well.")
	case "$.on":
		return room.T("The output by which the message leaves its module: routes of IoT Edge select by it. Only modules have outputs.")
	case "$.sub":
		return room.T("The component that the telemetry belongs to, as the device's IoT Plug and Play model names it.")
	case "$.ifid":
		return room.T("The interface that the message follows, for example %s", "urn:azureiot:Security:SecurityAgent:1")
	case "$.schema":
		return room.T("Which schema the body follows, for whoever reads the message.")
	case "$.diagid":
		return room.T("Diagnostics sampling: an id, mostly of eight letters and digits, by which the service finds the message again. Distributed tracing has replaced it.")
	}
	return room.T("Diagnostics sampling: what belongs to its id, for example %s. Distributed tracing has replaced it.", "creationtimeutc=1506054179")
}

// systemID returns the beginning of the test ids of a system property.
func systemID(key string) string {
	names := map[string]string{"$.on": "output", "$.sub": "component", "$.ifid": "interface-id", "$.ctime": "creation-time", "$.schema": "schema", "$.exp": "expiry"}
	if name, ok := names[key]; ok {
		return "telemetry-" + name
	}
	return "telemetry-" + strings.ToLower(page.SystemName(key))
}

// viewSystem edits the system properties. It shows each by its name, with its meaning.
func (room *Room) viewSystem() *ui.Node {
	r := &room.state.composer.system
	module := room.Links.IsModule()
	rows, set := make(ui.Nodes, 0, len(r.rows)), []string{}
	for _, row := range r.rows {
		rows = append(rows, room.viewSystemRow(row, module))
		if v := strings.TrimSpace(row.value.Text); v != "" {
			set = append(set, page.SystemName(row.key)+" = "+v)
		}
	}
	next := r.next()
	choices := make([]*ui.Node, 0, len(systemKeys))
	for _, k := range r.missing() {
		choices = append(choices, ui.H("option", ui.Key(k), ui.Attr("value", k), ui.Flag("selected", k == next), ui.Text(page.SystemName(k)+"  "+k)))
	}
	return ui.H("details.more",
		ui.H("summary", ui.TestID("telemetry-system"), ui.Text(room.T("System properties")+": "+strings.Join(set, ", "))),
		ui.H("div.system",
			ui.H("div.system-rows", rows),
			ui.When(len(choices) > 0,
				ui.H("div.system-add",
					ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("One more system property"))),
						ui.H("select.mono", ui.TestID("telemetry-system-choice"), ui.OnChange(func(e ui.Event) { room.Update(func() { r.choice = e.Value }) }), ui.Nodes(choices))),
					ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("telemetry-system-add"), ui.Text(room.T("+ Add it")),
						ui.OnClick(func() { room.Update(func() { r.set(r.next(), "") }) })),
					ui.H("p.help", ui.TestID("telemetry-system-meaning"), ui.Text(room.systemMeaning(next)))))),
	)
}

func (room *Room) viewSystemRow(row *systemRow, module bool) *ui.Node {
	name, id := page.SystemName(row.key), systemID(row.key)
	problem, invalid := "", "false"
	if err := row.check(module); err != nil {
		problem, invalid = room.Sentence(err), "true"
	}
	fill := func(words, value string) ui.Part {
		return ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-fill"), ui.Label(words+": "+name), ui.Text(words), ui.OnClick(func() { room.Update(func() { row.value.Set(value) }) }))
	}
	var filled ui.Part
	switch row.key {
	case "$.mid", "$.diagid":
		filled = ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-fill"), ui.Label(room.T("New")+": "+name), ui.Text(room.T("New")),
			ui.OnClick(func() { room.Update(func() { row.value.Set(page.NewMessageID("")) }) }))
	case "$.ctime":
		filled = room.viewNow(row, room.T("Now"), 0)
	case "$.exp":
		filled = room.viewNow(row, room.T("In an hour"), time.Hour)
	case "$.ct":
		filled = ui.When(!page.IsJSON(row.value.Text), fill(room.T("Default"), "application/json"))
	case "$.ce":
		filled = ui.When(strings.TrimSpace(row.value.Text) == "", fill(room.T("Default"), "utf-8"))
	}
	return ui.H("div.system-row", ui.Key(row.key), ui.TestID("telemetry-system-row"),
		ui.H("label.field-name", ui.Attr("for", id), ui.H("span.mono", ui.Text(name)), ui.H("code.system-key", ui.Text(row.key))),
		ui.H("div.system-value",
			ui.H("input.mono", ui.Attr("type", "text"), ui.Attr("id", id), ui.TestID(id), ui.Attr("autocomplete", "off"), ui.Attr("autocapitalize", "none"), ui.Attr("spellcheck", "false"),
				ui.Attr("aria-describedby", id+"-help "+id+"-problem"), ui.Attr("aria-invalid", invalid), ui.Value(&row.value), room.Typing(&row.value)),
			filled,
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-remove"), ui.Label(room.T("Remove %s", name)), ui.Text("×"),
				ui.OnClick(func() { room.Update(func() { room.state.composer.system.remove(row.key) }) }))),
		ui.H("p.help", ui.Attr("id", id+"-help"), ui.Text(room.systemMeaning(row.key))),
		ui.H("p.problem", ui.Attr("id", id+"-problem"), ui.TestID(id+"-problem"), ui.Text(problem)),
	)
}

// viewNow is the button that writes a time into a row: the current time, or a time after it.
func (room *Room) viewNow(row *systemRow, words string, after time.Duration) *ui.Node {
	return ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(systemID(row.key)+"-fill"), ui.Label(words+": "+page.SystemName(row.key)), ui.Text(words),
		ui.OnClick(func() {
			room.Update(func() { row.value.Set(room.Now().Add(after).UTC().Format("2006-01-02T15:04:05.000Z07:00")) })
		}))
}
