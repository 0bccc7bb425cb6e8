package panel

import (
	"encoding/json"
	"fmt"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// commandRows is how many commands a list gives the palette at most, one for each of its elements: more would bury the rest.
const commandRows = 20

// first are the elements of a list that get a command each.
func first[T any](list []T) []T { return list[:min(len(list), commandRows)] }

// at shows a topic and does something there.
func (p *Panel) at(t Topic, do func()) func() { return func() { p.Show(t); do() } }

// deviceCommands are those of the device side. The caller holds the lock, as for all commands.
func (p *Panel) deviceCommands() []command {
	d := &p.device
	running, device := d.running(), p.T("Device")
	list := []command{
		{id: "connect", name: p.T("Connect"), hint: device, enabled: !running, do: p.Connect},
		{id: "diagnose", name: p.T("Find out why it does not connect"), hint: device, enabled: p.diagnosis.stop == nil, do: p.FindOutWhy},
		{id: "disconnect", name: p.T("Disconnect"), hint: device, enabled: running, do: p.Disconnect},
		{id: "try-now", name: p.T("Try now"), hint: device, enabled: running && d.state.Phase == hubclient.Reconnecting, do: p.TryNow},
	}
	for _, way := range []struct {
		way  connectWay
		name string
	}{{wayString, p.T("Connection string")}, {wayFields, p.T("Fields")}, {wayToken, p.T("SAS token")}} {
		list = append(list, command{id: "connect-with-" + string(way.way), name: p.T("Connect with: %s", way.name), hint: device,
			enabled: !running && d.form.way != way.way, do: func() { p.update(func() { d.form.way, d.pressed = way.way, pressedNone }) }})
	}
	for i, profile := range first(p.kept.profiles) {
		list = append(list, command{id: fmt.Sprint("profile-use-", i), name: p.T("Use profile %s", profile.Name), hint: device, enabled: !running,
			do: func() { p.UseProfile(profile.Name) }})
	}
	local, _ := p.storages()
	list = append(list,
		command{id: "profile-save", name: p.T("Save profile"), hint: device, enabled: local != nil && !running, do: p.SaveProfile},
		command{id: "forget-everything", name: p.T("Forget everything"), hint: device, enabled: true, do: p.ForgetEverything})
	return append(list, p.telemetryCommands()...)
}

// telemetryCommands send, and start and stop streams.
func (p *Panel) telemetryCommands() []command {
	running, telemetry := p.device.running(), p.T("Telemetry")
	list := []command{
		p.sendCommand(),
		p.formatCommand("telemetry-format", p.T("Message body"), telemetry, TopicTelemetry, &p.telemetry.body),
		{id: "stream-add", name: p.T("+ Add a stream"), hint: telemetry, enabled: true,
			do: p.at(TopicTelemetry, func() { p.update(func() { p.telemetry.streams.add() }) })},
	}
	for i, s := range first(p.telemetry.streams.list) {
		start := command{id: fmt.Sprint("stream-start-", i), name: p.T("Start %s", s.name.text), hint: telemetry, enabled: running,
			do: p.at(TopicTelemetry, func() { p.StartStream(s) })}
		if s.running() {
			start = command{id: fmt.Sprint("stream-stop-", i), name: p.T("Stop %s", s.name.text), hint: telemetry, enabled: true, do: func() { p.StopStream(s) }}
		}
		list = append(list, start)
	}
	return list
}

func (p *Panel) sendCommand() command {
	return command{id: "telemetry-send", name: p.T("Send telemetry"), hint: p.T("Telemetry"), key: "Ctrl+Enter", enabled: p.device.running(), do: p.SendTelemetry}
}

// formatCommand puts a document's lines in order.
func (p *Panel) formatCommand(id, name, hint string, t Topic, f *field) command {
	return command{id: id, name: p.T("Format: %s", name), hint: hint, enabled: json.Valid([]byte(f.text)),
		do: p.at(t, func() { p.update(func() { f.set(indented([]byte(f.text))) }) })}
}

// twinCommands are those of the device's twin and of its messages.
func (p *Panel) twinCommands() []command {
	t := &p.twin
	running, hint := p.device.running(), p.T("Device twin")
	list := []command{
		{id: "twin-read", name: p.T("Read the twin"), hint: hint, enabled: running, do: p.at(TopicTwin, p.ReadTwin)},
		{id: "twin-report", name: p.T("Report the patch"), hint: hint, enabled: running && !t.busy, do: p.at(TopicTwin, p.ReportPatch)},
		p.formatCommand("twin-format", p.T("Patch of the reported properties (null deletes)"), hint, TopicTwin, &t.patch),
	}
	open := unacknowledged(twinRows(t.desired, t.reported))
	list = append(list, command{id: "twin-acknowledge-all", name: p.T("Acknowledge all (%d)", len(open)), hint: hint, enabled: running && len(open) > 0,
		do: p.at(TopicTwin, func() { p.acknowledge(open) })})
	for _, r := range first(open) {
		list = append(list, command{id: "twin-acknowledge-" + r.name(), name: p.T("Acknowledge %s", r.name()), hint: hint, enabled: running && !t.busy,
			do: p.at(TopicTwin, func() { p.acknowledge([]*twinRow{r}) })})
	}
	return append(list,
		command{id: "inbox-clear", name: p.T("Clear the cloud-to-device messages"), hint: p.T("Messages"), enabled: len(p.inbox.messages) > 0,
			do: func() { p.update(p.inbox.clear) }})
}

// methodCommands say how direct methods are answered, and answer those that wait.
func (p *Panel) methodCommands() []command {
	m := &p.methods
	hint := p.T("Direct methods")
	var list []command
	for _, c := range first(m.waiting()) {
		list = append(list,
			command{id: fmt.Sprint("method-answer-", c.id), name: p.T("Answer %s", c.name), hint: hint, enabled: true, do: func() { p.answerByHand(c, 0) }},
			command{id: fmt.Sprint("method-fail-", c.id), name: p.T("Fail %s with 500", c.name), hint: hint, enabled: true, do: func() { p.answerByHand(c, 500) }},
			command{id: fmt.Sprint("method-silent-", c.id), name: p.T("Do not answer %s", c.name), hint: hint, enabled: true, do: func() { p.update(func() { p.decide(c, nil) }) }})
	}
	for _, mode := range []struct {
		mode ruleMode
		name string
	}{{ruleAnswer, p.T("Answer")}, {ruleByHand, p.T("Ask me")}, {ruleSilent, p.T("Do not answer")}} {
		list = append(list, command{id: "method-rest-" + string(mode.mode), name: p.T("Every method without a rule: %s", mode.name), hint: hint,
			enabled: m.rules.rest.mode != mode.mode, do: p.at(TopicMethods, func() { p.update(func() { m.rules.rest.mode = mode.mode }) })})
	}
	return append(list,
		command{id: "method-rule-add", name: p.T("+ Add a rule for a method"), hint: hint, enabled: true,
			do: p.at(TopicMethods, func() { p.update(func() { m.rules.add("") }) })},
		command{id: "method-clear", name: p.T("Clear the history of direct methods"), hint: hint, enabled: len(m.calls) > 0, do: func() { p.update(m.clear) }})
}

// provisioningCommands register the device.
func (p *Panel) provisioningCommands() []command {
	d, hint := &p.dps, p.T("Provisioning")
	return []command{
		{id: "dps-register", name: p.T("Register and connect"), hint: hint, enabled: !d.busy, do: p.at(TopicProvisioning, p.RegisterDevice)},
		{id: "dps-register-only", name: p.T("Register only"), hint: hint, enabled: !d.busy, do: p.at(TopicProvisioning, p.RegisterOnly)},
		{id: "dps-cancel", name: p.T("Cancel the registration"), hint: hint, enabled: d.busy, do: p.CancelRegistration},
		{id: "dps-connect", name: p.T("Connect the device that was registered"), hint: hint, enabled: d.assigned != nil && len(d.assigned.Credentials.Key) > 0, do: p.ConnectAssigned},
	}
}

// wireCommands are those of the list of packets.
func (p *Panel) wireCommands() []command {
	some, hint := len(p.wire.log.Records()) > 0, p.T("Wire")
	pause := command{id: "wire-pause", name: p.T("Pause the packets"), hint: hint, enabled: some, do: p.at(TopicWire, func() { p.PauseWire(true) })}
	if p.wire.paused > 0 {
		pause = command{id: "wire-go-on", name: p.T("Go on with the packets"), hint: hint, enabled: true, do: p.at(TopicWire, func() { p.PauseWire(false) })}
	}
	return []command{
		pause,
		{id: "wire-pcapng", name: p.T("Save the packets for Wireshark"), hint: hint, enabled: some && p.env.Save != nil, do: p.SavePcapng},
		{id: "wire-json-lines", name: p.T("Save the packets as JSON lines"), hint: hint, enabled: some && p.env.Save != nil, do: p.SaveWireLines},
		{id: "wire-clear", name: p.T("Clear the packets"), hint: hint, enabled: some, do: p.ClearWire},
	}
}
