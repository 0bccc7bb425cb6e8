package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Methods is the form that calls direct methods, and the calls that this page made.
type Methods struct {
	room                                   *Room
	name, payload, timeout, connectTimeout ui.Field // time-outs in seconds
	busy                                   bool
	result                                 page.Result
	calls                                  []call // oldest first
}

// call is a call of a direct method that this page made.
type call struct {
	id                            int
	at                            time.Time
	device, name, request, answer string
	status                        int
	problem                       l10n.Text // why there is no answer
	took                          time.Duration
}

func newMethods(room *Room) *Methods {
	m := &Methods{room: room}
	set(map[*ui.Field]string{&m.name: "reboot", &m.payload: "{\n  \"delay\": 5\n}", &m.timeout: "30", &m.connectTimeout: "0"})
	return m
}

// invoke calls the direct method of the form on the target. The lock is not held.
func (m *Methods) invoke() {
	room := m.room
	var id string
	var c hubservice.Call
	var err error
	room.Update(func() {
		id = room.target.id()
		if c, err = m.call(); err != nil {
			m.result = page.ResultOf(err, nil)
			return
		}
		m.busy = true
	})
	if err == nil {
		room.Go("invoke the method", func(ctx context.Context) { m.run(ctx, id, c) })
	}
}

// call returns the call of the form. The lock is held.
func (m *Methods) call() (hubservice.Call, error) {
	c := hubservice.Call{Name: m.name.Trimmed(), Payload: json.RawMessage(m.payload.Text)}
	var err, connectErr error
	c.ResponseTimeout, err = strconv.Atoi(m.timeout.Trimmed())
	c.ConnectTimeout, connectErr = strconv.Atoi(m.connectTimeout.Trimmed())
	switch {
	case c.Name == "":
		return c, l10n.New("the method has no name. Write one, for example reboot")
	case err != nil || c.ResponseTimeout < 5 || c.ResponseTimeout > 300:
		return c, l10n.New("the time-out is a whole number of seconds from 5 to 300")
	case connectErr != nil || c.ConnectTimeout < 0 || c.ConnectTimeout > 300:
		return c, l10n.New("the connect time-out is a whole number of seconds from 0 to 300")
	case m.payload.Trimmed() == "":
		c.Payload = json.RawMessage("null")
		return c, nil
	}
	return c, jsontext.Check("The payload", m.payload.Text)
}

// Invoke shows a call in the form, calls the direct method of a device, and shows the answer. The lock is not held.
func (m *Methods) Invoke(ctx context.Context, id string, c hubservice.Call) (hubservice.MethodAnswer, error) {
	m.room.Update(func() {
		m.busy = true
		set(map[*ui.Field]string{&m.name: c.Name, &m.payload: jsontext.Indent(c.Payload), &m.timeout: strconv.Itoa(c.ResponseTimeout)})
	})
	return m.run(ctx, id, c)
}

// run calls a direct method and shows the answer.
func (m *Methods) run(ctx context.Context, id string, c hubservice.Call) (answer hubservice.MethodAnswer, err error) {
	began := time.Now()
	err = m.room.call(ctx, func(client *hubservice.Client) (err error) {
		answer, err = client.Invoke(ctx, id, c)
		return err
	})
	m.room.Update(func() {
		made := call{at: began.In(m.room.Env.Location), device: id, name: c.Name, request: jsontext.Indent(c.Payload), status: answer.Status,
			answer: jsontext.Indent(answer.Payload), took: time.Since(began)}
		m.busy, m.result = false, page.ResultOf(err, l10n.New("The device answered %d in %d ms.", answer.Status, made.took.Milliseconds()))
		if err != nil {
			made.problem = m.result.Text
		} else {
			m.result.Body = made.answer
		}
		m.add(made)
	})
	return answer, err
}

func (m *Methods) add(c call) {
	if n := len(m.calls); n > 0 {
		c.id = m.calls[n-1].id + 1
	}
	m.calls = append(m.calls, c)
	if extra := len(m.calls) - historyLimit; extra > 0 {
		m.calls = slices.Delete(m.calls, 0, extra)
	}
}

func (m *Methods) save(f *savefile.Forms) {
	f.MethodName, f.MethodPayload, f.MethodTimeout, f.MethodConnect = m.name.Text, m.payload.Text, m.timeout.Text, m.connectTimeout.Text
}

func (m *Methods) restore(f *savefile.Forms, version int) {
	set(map[*ui.Field]string{&m.name: f.MethodName, &m.payload: f.MethodPayload})
	if version > 1 {
		set(map[*ui.Field]string{&m.timeout: f.MethodTimeout, &m.connectTimeout: f.MethodConnect})
	}
}

// view is the card that calls direct methods.
func (m *Methods) view() *ui.Node {
	room := m.room
	return ui.H("form.card", ui.Key("invoke"), ui.OnSubmit(m.invoke),
		ui.H("h3", ui.Text(room.T("Invoke a direct method"))),
		ui.H("div.grid",
			room.TextField(room.T("Method name"), "invoke-name", &m.name),
			room.TextField(room.T("Response time-out (s)"), "invoke-timeout", &m.timeout, ui.Attr("inputmode", "numeric")),
			room.TextField(room.T("Connect time-out (s)"), "invoke-connect-timeout", &m.connectTimeout, ui.Attr("inputmode", "numeric")),
		),
		room.JSONField(room.T("Payload"), "invoke-payload", &m.payload, 4, true),
		ui.H("div.actions", ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID("invoke"), ui.Flag("disabled", m.busy), ui.Text(room.T("Invoke")))),
		ui.When(m.busy, ui.H("p.help", ui.Text(room.T("Waiting for the device …")))),
		room.ResultView(m.result, "invoke-result"),
		m.viewCalls(),
	)
}

// viewCalls lists the calls that this page made, newest first.
func (m *Methods) viewCalls() ui.Part {
	room := m.room
	if len(m.calls) == 0 {
		return nil
	}
	rows := make(ui.Nodes, 0, len(m.calls))
	for _, c := range slices.Backward(m.calls) {
		outcome, status, answer := page.Done, fmt.Sprint(c.status), c.answer
		if c.problem != nil {
			outcome, status, answer = page.Failed, room.T("failed"), room.Words(c.problem)
		}
		rows = append(rows, ui.H("li.call", ui.Key(fmt.Sprint(c.id)), ui.TestID("invoke-call"),
			ui.H("details",
				ui.H("summary.line", ui.H("time", ui.Text(page.Clock(c.at))), ui.H("span.what", ui.Text(c.name)), ui.H("span.chip", ui.Text(c.device)),
					ui.H("span.outcome", ui.Attr("data-outcome", string(outcome)), ui.Text(room.T("%s, in %d ms", status, c.took.Milliseconds())))),
				ui.H("div.columns",
					ui.H("section.document", ui.H("h4", ui.Text(room.T("Request"))), ui.H("pre", ui.Text(c.request))),
					ui.H("section.document", ui.H("h4", ui.Text(room.T("Answer"))), ui.H("pre", ui.Text(answer)))))))
	}
	return ui.Parts{ui.H("h4", ui.Text(room.T("Calls"))), ui.H("ol.calls", rows)}
}
