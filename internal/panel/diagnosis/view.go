package diagnosis

import (
	"fmt"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Card is the connection doctor: the verdict on top, the stages under it. The lock is held for reading, as for every view.
func (room *Room) Card() *ui.Node {
	running := room.Running()
	return ui.H("div.card.doctor", ui.Key("diagnose"),
		ui.H("header.card-head", ui.H("h3", ui.Text(room.T("Connection doctor"))),
			ui.H("div.actions",
				ui.When(running, ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("diagnose-stop"), ui.Text(room.T("Stop")), ui.OnClick(room.cancel))),
				ui.When(!running, ui.H("button.primary", ui.Attr("type", "button"), ui.TestID("diagnose-run"), ui.Text(room.T("Examine the connection")), ui.OnClick(func() { room.diagnose(false) }))),
			)),
		ui.H("p.help", ui.Text(room.T("Finds out why the device does not connect, from this page to the subscriptions. It asks the hub's host over HTTPS, opens WebSockets to it and signs in as the device, with CleanSession 0: messages that wait for the device go on waiting."))),
		room.viewConsent(),
		ui.H("div", ui.Attr("role", "status"), room.viewVerdict()),
		room.viewConsole(),
		room.viewStages(),
		room.viewIdleCheck(),
		room.viewReport(),
	)
}

// viewConsent asks before a connection that works is ended.
func (room *Room) viewConsent() ui.Part {
	if room.Running() || !room.needsConsent() {
		return nil
	}
	return ui.H("div.result", ui.TestID("diagnose-consent"),
		ui.H("p", ui.Text(room.T("The device is connected. The doctor leaves it alone and does not sign in, unless you agree: the device is then offline for the time of the examination."))),
		ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("diagnose-agree"), ui.Text(room.T("Disconnect it, sign in, connect again")), ui.OnClick(func() { room.diagnose(true) })))
}

// viewVerdict shows the verdict of the last examination.
func (room *Room) viewVerdict() ui.Part {
	d := &room.state
	switch {
	case !d.examined:
		return ui.H("p.empty", ui.Text(room.T("Not examined yet.")))
	case d.running != nil:
		return ui.H("p.verdict-wait", ui.TestID("verdict-wait"), ui.Text(room.T("Examining …")))
	}
	v := doctor.Judge(d.evidence)
	sure := map[doctor.Sureness]string{doctor.Certain: room.T("certain"), doctor.Likely: room.T("likely"), doctor.Possible: room.T("possible: others look the same")}[v.Sure]
	sentence := room.Language.Message(v.Sentence)
	switch v.Sure {
	case doctor.Likely:
		sentence = room.T("Most likely: %s", sentence)
	case doctor.Possible:
		sentence = room.T("Perhaps: %s", sentence)
	}
	list := func(name, id string, texts []doctor.Text) ui.Part {
		if len(texts) == 0 {
			return nil
		}
		items := make(ui.Nodes, 0, len(texts))
		for i, t := range texts {
			items = append(items, ui.H("li", ui.Key(fmt.Sprint(i)), ui.Text(room.Language.Message(t))))
		}
		return ui.H("div.verdict-part", ui.H("h5", ui.Text(name)), ui.H("ul", ui.TestID(id), items))
	}
	host := d.evidence.Host()
	also := make([]doctor.Text, 0, len(v.Also))
	for _, c := range v.Also {
		also = append(also, c.Sentence(host))
	}
	return ui.H("section.verdict", ui.TestID("verdict"), ui.Attr("data-examination", fmt.Sprint(d.count)), ui.Attr("data-cause", string(v.Cause)), ui.Attr("data-sure", string(v.Sure)), ui.Label(room.T("Verdict")),
		ui.H("h4", ui.TestID("verdict-sentence"), ui.Text(sentence)),
		ui.H("p.verdict-sure", ui.H("span.badge", ui.Text(sure))),
		list(room.T("What to do next"), "verdict-next", v.Next),
		list(room.T("It could also be, the likelier first"), "verdict-also", also),
		list(room.T("Inferred from"), "verdict-from", v.From),
		list(room.T("What a browser cannot see"), "verdict-unseen", v.Unseen),
	)
}

// viewConsole asks for what the browser shows only to the person, where a verdict needs it. It is beside the verdict and not in it,
// because assistive technology reads the verdict out when it changes.
func (room *Room) viewConsole() ui.Part {
	d := &room.state
	if d.running != nil || d.evidence.Findings[doctor.StageUpgrade].Outcome != doctor.Failed {
		return nil
	}
	return ui.H("div.verdict-console",
		ui.H("label.field", ui.H("span.field-name", ui.Text(room.T("The console's line, or the code on the browser's error page"))),
			ui.H("input.mono", ui.Attr("type", "text"), ui.TestID("diagnose-console"), ui.Attr("autocomplete", "off"), ui.Attr("spellcheck", "false"),
				ui.Attr("placeholder", "net::ERR_CONNECTION_REFUSED"), ui.Value(&d.console),
				ui.Listener{Event: "input", Do: func(e ui.Event) { room.readConsole(e.Value) }})),
		ui.When(d.unknown, ui.H("p.problem", ui.TestID("diagnose-console-problem"), ui.Text(room.T("This line names no cause that is known here. Paste one that begins with WebSocket connection to, or an ERR_ code.")))))
}

// stageName returns a stage's name in the page's language.
func (room *Room) stageName(s doctor.Stage) string {
	switch s {
	case doctor.StagePage:
		return room.T("This page")
	case doctor.StageOnline:
		return room.T("Online")
	case doctor.StageShape:
		return room.T("Host, id, key or token")
	case doctor.StageClock:
		return room.T("Clock")
	case doctor.StageHTTPS:
		return room.T("HTTPS to the host")
	case doctor.StageControl:
		return room.T("HTTPS to another name")
	case doctor.StageUpgrade:
		return room.T("WebSocket upgrade")
	case doctor.StageNoQuery:
		return room.T("Upgrade without the query")
	case doctor.StageConnack:
		return room.T("CONNECT and CONNACK")
	case doctor.StageSubscribe:
		return room.T("Subscriptions and twin")
	case doctor.StageWatch:
		return room.T("Does it last?")
	}
	return room.T("Idle connection")
}

// outcomeName returns an outcome in the page's language.
func (room *Room) outcomeName(o doctor.Outcome) string {
	switch o {
	case doctor.Running:
		return room.T("running")
	case doctor.OK:
		return room.T("good")
	case doctor.Failed:
		return room.T("failed")
	case doctor.TimedOut:
		return room.T("no answer")
	case doctor.Noted:
		return room.T("worth knowing")
	case doctor.Skipped:
		return room.T("left out")
	}
	return room.T("not yet")
}

func (room *Room) viewStages() ui.Part {
	d := &room.state
	if !d.examined {
		return nil
	}
	rows := ui.Nodes{}
	for _, s := range doctor.Stages {
		rows = append(rows, room.viewStage(s))
	}
	if _, ok := d.evidence.Findings[doctor.StageIdle]; ok {
		rows = append(rows, room.viewStage(doctor.StageIdle))
	}
	return ui.H("ol.stages", ui.Label(room.T("Checks")), rows)
}

func (room *Room) viewStage(s doctor.Stage) *ui.Node {
	f := room.state.evidence.Findings[s]
	took := ""
	if f.Outcome != doctor.NotRun && f.Outcome != doctor.Running && f.Outcome != doctor.Skipped {
		took = page.Milliseconds(f.Took)
	}
	note := ""
	if f.Note.Format != "" {
		note = room.Language.Message(f.Note)
	}
	return ui.H("li.stage", ui.Key(string(s)), ui.TestID("stage-"+string(s)), ui.Attr("data-outcome", string(f.Outcome)),
		ui.H("span.stage-lamp", ui.Attr("aria-hidden", "true")),
		ui.H("b.stage-name", ui.Text(room.stageName(s))),
		ui.H("span.stage-outcome", ui.Text(room.outcomeName(f.Outcome))),
		ui.H("span.stage-took", ui.Text(took)),
		ui.When(note != "", ui.H("p.stage-note", ui.Text(note))))
}

// viewIdleCheck offers the check that takes minutes.
func (room *Room) viewIdleCheck() *ui.Node {
	d := &room.state
	busy := d.running != nil
	return ui.H("details.more", ui.H("summary", ui.TestID("diagnose-idle-more"), ui.Text(room.T("It connects, but breaks after a while"))),
		ui.H("div.advanced",
			ui.H("p.help", ui.Text(room.T("The longer check signs in, sends nothing and sees when the silent connection is cut. The device is offline meanwhile."))),
			ui.H("div.with-button",
				room.TextField(room.T("Minutes"), "diagnose-minutes", &d.minutes, ui.Attr("inputmode", "numeric")),
				ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("diagnose-idle"), ui.Flag("disabled", busy), ui.Text(room.T("Watch a silent connection")), ui.OnClick(room.checkIdle))),
			room.viewLinks()))
}

// viewLinks lists how long the device's connections lasted.
func (room *Room) viewLinks() ui.Part {
	links := room.state.history.links
	if len(links) == 0 {
		return ui.H("p.help", ui.Text(room.T("No connection of this device has ended yet.")))
	}
	items := ui.Nodes{}
	for i, l := range links {
		how := room.T("broke")
		switch {
		case l.Planned:
			how = room.T("ended by the device")
		case l.Clean:
			how = room.T("closed by the hub")
		}
		items = append(items, ui.H("li", ui.Key(fmt.Sprint(i)), ui.Text(room.T("%s after %s, silent for the last %s", how, l.Lasted.Round(time.Second), l.Quiet.Round(time.Second)))))
	}
	return ui.H("ul.links", ui.TestID("diagnose-links"), items)
}

// viewReport shows the text for the people who run the network.
func (room *Room) viewReport() ui.Part {
	d := &room.state
	if !d.examined || d.running != nil {
		return nil
	}
	return ui.H("details.more", ui.H("summary", ui.TestID("diagnose-it"), ui.Text(room.T("For IT"))),
		ui.H("div.advanced",
			ui.When(room.Env.Copy != nil, ui.H("div.actions.start", ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("diagnose-copy"), ui.Text(room.T("Copy for IT")), ui.OnClick(room.copyReport)))),
			ui.H("pre", ui.TestID("diagnose-report"), ui.Attr("tabindex", "0"), ui.Label(room.T("For IT")), ui.Text(room.report())),
			room.ResultView(d.copied, "diagnose-copied")))
}
