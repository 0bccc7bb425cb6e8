package panel

import (
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// systemMeaning says what a system property means on telemetry, and what it is for ("Create and read IoT Hub messages").
func (p *Panel) systemMeaning(key string) string {
	switch key {
	case "$.ct":
		return p.T("What the body is. A route can look into it ($body in a routing query) only if this is application/json and the encoding is known: so both are set from the start.")
	case "$.ce":
		return p.T("How the body's text is encoded: utf-8, utf-16 or utf-32. A body in anything else arrives as well, but no route looks into it.")
	case "$.mid":
		return p.T("Names this message, so that an answer or a log can point to it. At most 128 ASCII letters, digits and %s", messageIDPunctuation)
	case "$.cid":
		return p.T("In an answer: the message-id of the message that is answered.")
	case "$.uid":
		return p.T("Where the message comes from, in words of your own. The hub does not check it.")
	case "$.to":
		return p.T("The destination. On telemetry it is for whoever reads the message: the hub routes by its own rules.")
	case "$.exp":
		return p.T("When the message is of no use any more, as ISO 8601. It is meant for cloud-to-device messages; a hub may ignore it on telemetry, or refuse it.")
	case "$.ctime":
		return p.T("When the device made the message, as ISO 8601: for messages that waited before they were sent. The hub adds its own time as well.")
	case "$.on":
		return p.T("The output by which the message leaves its module: routes of IoT Edge select by it. Only modules have outputs.")
	case "$.sub":
		return p.T("The component that the telemetry belongs to, as the device's IoT Plug and Play model names it.")
	case "$.ifid":
		return p.T("The interface that the message follows, for example %s", "urn:azureiot:Security:SecurityAgent:1")
	case "$.schema":
		return p.T("Which schema the body follows, for whoever reads the message.")
	case "$.diagid":
		return p.T("Diagnostics sampling: an id, mostly of eight letters and digits, by which the service finds the message again. Distributed tracing has replaced it.")
	}
	return p.T("Diagnostics sampling: what belongs to its id, for example %s. Distributed tracing has replaced it.", "creationtimeutc=1506054179")
}

// systemID is what the test ids of a system property begin with.
func systemID(key string) string {
	names := map[string]string{"$.on": "output", "$.sub": "component", "$.ifid": "interface-id", "$.ctime": "creation-time", "$.schema": "schema", "$.exp": "expiry"}
	if name, ok := names[key]; ok {
		return "telemetry-" + name
	}
	return "telemetry-" + strings.ToLower(systemName(key))
}

// viewSystem edits the system properties: each by its name, with what it means.
func (p *Panel) viewSystem() *Node {
	r := &p.telemetry.system
	module := p.isModuleLocked()
	rows, set := make(nodes, 0, len(r.rows)), []string{}
	for _, row := range r.rows {
		rows = append(rows, p.viewSystemRow(row, module))
		if v := strings.TrimSpace(row.value.text); v != "" {
			set = append(set, systemName(row.key)+" = "+v)
		}
	}
	next := r.next()
	choices := make([]*Node, 0, len(systemKeys))
	for _, k := range r.missing() {
		choices = append(choices, h("option", key(k), attr("value", k), flag("selected", k == next), text(systemName(k)+"  "+k)))
	}
	return h("details.more",
		h("summary", testid("telemetry-system"), text(p.T("System properties")+": "+strings.Join(set, ", "))),
		h("div.system",
			h("div.system-rows", rows),
			when(len(choices) > 0,
				h("div.system-add",
					h("label.field", h("span.field-name", text(p.T("One more system property"))),
						h("select.mono", testid("telemetry-system-choice"), onChange(func(e Event) { p.update(func() { r.choice = e.Value }) }), nodes(choices))),
					h("button.quiet", attr("type", "button"), testid("telemetry-system-add"), text(p.T("+ Add it")),
						onClick(func() { p.update(func() { r.set(r.next(), "") }) })),
					h("p.help", testid("telemetry-system-meaning"), text(p.systemMeaning(next)))))),
	)
}

func (p *Panel) viewSystemRow(row *systemRow, module bool) *Node {
	name, id := systemName(row.key), systemID(row.key)
	problem, invalid := "", "false"
	if err := row.check(module); err != nil {
		problem, invalid = p.Sentence(err), "true"
	}
	fill := func(words, value string) part {
		return h("button.quiet", attr("type", "button"), testid(id+"-fill"), label(words+": "+name), text(words), onClick(func() { p.update(func() { row.value.set(value) }) }))
	}
	var filled part
	switch row.key {
	case "$.mid", "$.diagid":
		filled = h("button.quiet", attr("type", "button"), testid(id+"-fill"), label(p.T("New")+": "+name), text(p.T("New")),
			onClick(func() { p.update(func() { row.value.set(newMessageID("")) }) }))
	case "$.ctime":
		filled = p.viewNow(row, p.T("Now"), 0)
	case "$.exp":
		filled = p.viewNow(row, p.T("In an hour"), time.Hour)
	case "$.ct":
		filled = when(!isJSON(row.value.text), fill(p.T("Default"), "application/json"))
	case "$.ce":
		filled = when(strings.TrimSpace(row.value.text) == "", fill(p.T("Default"), "utf-8"))
	}
	return h("div.system-row", key(row.key), testid("telemetry-system-row"),
		h("label.field-name", attr("for", id), h("span.mono", text(name)), h("code.system-key", text(row.key))),
		h("div.system-value",
			h("input.mono", attr("type", "text"), attr("id", id), testid(id), attr("autocomplete", "off"), attr("autocapitalize", "none"), attr("spellcheck", "false"),
				attr("aria-describedby", id+"-help "+id+"-problem"), attr("aria-invalid", invalid), value{&row.value}, p.typing(&row.value)),
			filled,
			h("button.quiet", attr("type", "button"), testid(id+"-remove"), label(p.T("Remove %s", name)), text("×"),
				onClick(func() { p.update(func() { p.telemetry.system.remove(row.key) }) }))),
		h("p.help", attr("id", id+"-help"), text(p.systemMeaning(row.key))),
		h("p.problem", attr("id", id+"-problem"), testid(id+"-problem"), text(problem)),
	)
}

// viewNow is the button that writes a time into a row: this one, or one after it.
func (p *Panel) viewNow(row *systemRow, words string, after time.Duration) *Node {
	return h("button.quiet", attr("type", "button"), testid(systemID(row.key)+"-fill"), label(words+": "+systemName(row.key)), text(words),
		onClick(func() {
			p.update(func() { row.value.set(p.now().Add(after).UTC().Format("2006-01-02T15:04:05.000Z07:00")) })
		}))
}

// describeSystem is the properties of a message that are set, a line each: the names at the service side.
func describeSystem(s *hubproto.SystemProperties) string {
	var b strings.Builder
	for _, property := range hubproto.SystemPropertyTable {
		if v, ok := s.Get(property.Key); ok {
			b.WriteString(property.Name + ": " + v + "\n")
		}
	}
	return b.String()
}
