package panel

import (
	"fmt"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
)

// viewDiagnose is the connection doctor: the verdict on top, the stages under it.
func (p *Panel) viewDiagnose() *Node {
	d := &p.diagnosis
	running := d.stop != nil
	return h("div.card.doctor", key("diagnose"),
		h("header.card-head", h("h3", text(p.T("Connection doctor"))),
			h("div.actions",
				when(running, h("button.secondary", attr("type", "button"), testid("diagnose-stop"), text(p.T("Stop")), onClick(p.StopDiagnosis))),
				when(!running, h("button.primary", attr("type", "button"), testid("diagnose-run"), text(p.T("Examine the connection")), onClick(func() { p.Diagnose(false) }))),
			)),
		h("p.help", text(p.T("Finds out why the device does not connect, from this page to the subscriptions. It asks the hub's host over HTTPS, opens WebSockets to it and signs in as the device, with CleanSession 0: messages that wait for the device go on waiting."))),
		p.viewConsent(),
		h("div", attr("role", "status"), p.viewVerdict()),
		p.viewConsole(),
		p.viewStages(),
		p.viewIdleCheck(),
		p.viewForIT(),
	)
}

// viewConsent asks before a connection that works is ended.
func (p *Panel) viewConsent() part {
	if p.diagnosis.stop != nil || !p.mustAskLocked() {
		return nil
	}
	return h("div.result", testid("diagnose-consent"),
		h("p", text(p.T("The device is connected. The doctor leaves it alone and does not sign in, unless you agree: the device is then offline for the time of the examination."))),
		h("button.secondary", attr("type", "button"), testid("diagnose-agree"), text(p.T("Disconnect it, sign in, connect again")), onClick(func() { p.Diagnose(true) })))
}

// viewVerdict is nothing before there is one.
func (p *Panel) viewVerdict() part {
	d := &p.diagnosis
	switch {
	case !d.has:
		return h("p.empty", text(p.T("Not examined yet.")))
	case d.stop != nil:
		return h("p.verdict-wait", testid("verdict-wait"), text(p.T("Examining …")))
	}
	v := doctor.Judge(d.evidence)
	sure := map[doctor.Sureness]string{doctor.Certain: p.T("certain"), doctor.Likely: p.T("likely"), doctor.Possible: p.T("possible: others look the same")}[v.Sure]
	sentence := p.lang.Message(v.Sentence)
	switch v.Sure {
	case doctor.Likely:
		sentence = p.T("Most likely: %s", sentence)
	case doctor.Possible:
		sentence = p.T("Perhaps: %s", sentence)
	}
	list := func(name, id string, texts []doctor.Text) part {
		if len(texts) == 0 {
			return nil
		}
		items := make(nodes, 0, len(texts))
		for i, t := range texts {
			items = append(items, h("li", key(fmt.Sprint(i)), text(p.lang.Message(t))))
		}
		return h("div.verdict-part", h("h5", text(name)), h("ul", testid(id), items))
	}
	host := d.evidence.Host()
	also := make([]doctor.Text, 0, len(v.Also))
	for _, c := range v.Also {
		also = append(also, c.Sentence(host))
	}
	return h("section.verdict", testid("verdict"), attr("data-examination", fmt.Sprint(d.count)), attr("data-cause", string(v.Cause)), attr("data-sure", string(v.Sure)), label(p.T("Verdict")),
		h("h4", testid("verdict-sentence"), text(sentence)),
		h("p.verdict-sure", h("span.badge", text(sure))),
		list(p.T("What to do next"), "verdict-next", v.Next),
		list(p.T("It could also be, the likelier first"), "verdict-also", also),
		list(p.T("Inferred from"), "verdict-from", v.From),
		list(p.T("What a browser cannot see"), "verdict-unseen", v.Unseen),
	)
}

// viewConsole takes what the browser tells only the person, where a verdict needs it. It stands beside the verdict and not in it, which
// is read out when it changes.
func (p *Panel) viewConsole() part {
	d := &p.diagnosis
	if d.stop != nil || d.evidence.Findings[doctor.StageUpgrade].Outcome != doctor.Failed {
		return nil
	}
	return h("div.verdict-console",
		h("label.field", h("span.field-name", text(p.T("The console's line, or the code on the browser's error page"))),
			h("input.mono", attr("type", "text"), testid("diagnose-console"), attr("autocomplete", "off"), attr("spellcheck", "false"),
				attr("placeholder", "net::ERR_CONNECTION_REFUSED"), value{&d.console},
				Listener{Event: "input", Do: func(e Event) { p.ReadConsole(e.Value) }})),
		when(d.unknown, h("p.problem", testid("diagnose-console-problem"), text(p.T("This line names no cause that is known here. Paste one that begins with WebSocket connection to, or an ERR_ code.")))))
}

// stageName says what a stage checks.
func (p *Panel) stageName(s doctor.Stage) string {
	switch s {
	case doctor.StagePage:
		return p.T("This page")
	case doctor.StageOnline:
		return p.T("Online")
	case doctor.StageShape:
		return p.T("Host, id, key or token")
	case doctor.StageClock:
		return p.T("Clock")
	case doctor.StageHTTPS:
		return p.T("HTTPS to the host")
	case doctor.StageControl:
		return p.T("HTTPS to another name")
	case doctor.StageUpgrade:
		return p.T("WebSocket upgrade")
	case doctor.StageNoQuery:
		return p.T("Upgrade without the query")
	case doctor.StageConnack:
		return p.T("CONNECT and CONNACK")
	case doctor.StageSubscribe:
		return p.T("Subscriptions and twin")
	case doctor.StageWatch:
		return p.T("Does it last?")
	}
	return p.T("Idle connection")
}

func (p *Panel) outcomeName(o doctor.Outcome) string {
	switch o {
	case doctor.Running:
		return p.T("running")
	case doctor.OK:
		return p.T("good")
	case doctor.Failed:
		return p.T("failed")
	case doctor.TimedOut:
		return p.T("no answer")
	case doctor.Noted:
		return p.T("worth knowing")
	case doctor.Skipped:
		return p.T("left out")
	}
	return p.T("not yet")
}

func (p *Panel) viewStages() part {
	d := &p.diagnosis
	if !d.has {
		return nil
	}
	rows := nodes{}
	for _, s := range doctor.Stages {
		rows = append(rows, p.viewStage(s))
	}
	if _, ok := d.evidence.Findings[doctor.StageIdle]; ok {
		rows = append(rows, p.viewStage(doctor.StageIdle))
	}
	return h("ol.stages", label(p.T("Checks")), rows)
}

func (p *Panel) viewStage(s doctor.Stage) *Node {
	f := p.diagnosis.evidence.Findings[s]
	took := ""
	if f.Outcome != doctor.NotRun && f.Outcome != doctor.Running && f.Outcome != doctor.Skipped {
		took = milliseconds(f.Took)
	}
	note := ""
	if f.Note.Format != "" {
		note = p.lang.Message(f.Note)
	}
	return h("li.stage", key(string(s)), testid("stage-"+string(s)), attr("data-outcome", string(f.Outcome)),
		h("span.stage-lamp", attr("aria-hidden", "true")),
		h("b.stage-name", text(p.stageName(s))),
		h("span.stage-outcome", text(p.outcomeName(f.Outcome))),
		h("span.stage-took", text(took)),
		when(note != "", h("p.stage-note", text(note))))
}

// viewIdleCheck offers the check that takes minutes.
func (p *Panel) viewIdleCheck() *Node {
	d := &p.diagnosis
	busy := d.stop != nil
	return h("details.more", h("summary", testid("diagnose-idle-more"), text(p.T("It connects, but breaks after a while"))),
		h("div.advanced",
			h("p.help", text(p.T("The longer check signs in, sends nothing and sees when the silent connection is cut. The device is offline meanwhile."))),
			h("div.with-button",
				p.viewText(p.T("Minutes"), "diagnose-minutes", &d.minutes, attr("inputmode", "numeric")),
				h("button.secondary", attr("type", "button"), testid("diagnose-idle"), flag("disabled", busy), text(p.T("Watch a silent connection")), onClick(p.WatchIdle))),
			p.viewLinks()))
}

// viewLinks lists how long the device's connections lasted.
func (p *Panel) viewLinks() part {
	links := p.diagnosis.links
	if len(links) == 0 {
		return h("p.help", text(p.T("No connection of this device has ended yet.")))
	}
	items := nodes{}
	for i, l := range links {
		how := p.T("broke")
		switch {
		case l.Planned:
			how = p.T("ended by the device")
		case l.Clean:
			how = p.T("closed by the hub")
		}
		items = append(items, h("li", key(fmt.Sprint(i)), text(p.T("%s after %s, silent for the last %s", how, l.Lasted.Round(time.Second), l.Quiet.Round(time.Second)))))
	}
	return h("ul.links", testid("diagnose-links"), items)
}

// viewForIT is the text for whoever runs the network.
func (p *Panel) viewForIT() part {
	d := &p.diagnosis
	if !d.has || d.stop != nil {
		return nil
	}
	return h("details.more", h("summary", testid("diagnose-it"), text(p.T("For IT"))),
		h("div.advanced",
			when(p.env.Copy != nil, h("div.actions.start", h("button.secondary", attr("type", "button"), testid("diagnose-copy"), text(p.T("Copy for IT")), onClick(p.CopyForIT)))),
			h("pre", testid("diagnose-report"), attr("tabindex", "0"), label(p.T("For IT")), text(p.reportLocked())),
			viewResult(d.copied, "diagnose-copied")))
}
