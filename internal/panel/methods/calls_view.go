package methods

import (
	"fmt"
	"time"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// viewWaitingCalls is always in the page, so that assistive technology announces a call that arrives.
func (room *Room) viewWaitingCalls() *ui.Node {
	cards := ui.Nodes{}
	for _, c := range room.state.calls.waiting() {
		cards = append(cards, room.viewWaitingCall(c))
	}
	return ui.H("div.waiting-calls", ui.Attr("role", "region"), ui.Attr("aria-live", "polite"), ui.Attr("aria-relevant", "additions"), ui.Label(room.T("Calls that wait for you")), cards)
}

func (room *Room) viewWaitingCall(c *call) *ui.Node {
	id := fmt.Sprint("method-hand-", c.id)
	left := room.untilDeadline(c)
	return ui.H("form.call.waiting", ui.Key(fmt.Sprint(c.id)), ui.TestID("method-waiting"), ui.OnSubmit(func() { room.answer(c, 0) }),
		ui.H("div.line", ui.H("time", ui.Text(page.Clock(c.at))), ui.H("b.what", ui.Text(c.name)),
			ui.H("span.countdown", ui.Attr("aria-live", "off"), ui.TestID("method-countdown"), ui.Text(room.T("%s left", countdown(left))))),
		ui.H("progress", ui.Attr("max", fmt.Sprint(int(c.deadline.Sub(c.at).Seconds()))), ui.Attr("value", fmt.Sprint(int(left.Seconds()))), ui.Label(room.T("Time left"))),
		ui.H("section.document", ui.H("header", ui.H("h4", ui.Text(room.T("Request")))), ui.H("pre", ui.Text(c.request))),
		room.TextField(room.T("Status"), id+"-status", &c.editStatus, ui.Attr("inputmode", "numeric")),
		room.JSONField(room.T("Payload of the answer"), id+"-answer", &c.editPayload, 3, true),
		ui.When(c.problem != nil, ui.H("p.problem", ui.Attr("role", "alert"), ui.Text(room.Words(c.problem)))),
		ui.H("div.actions",
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-silent"), ui.Text(room.T("Do not answer")), ui.OnClick(func() { room.Update(func() { c.settle(nil) }) })),
			ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID(id+"-fail"), ui.Text(room.T("Fail with 500")), ui.OnClick(func() { room.answer(c, statusFailed) })),
			ui.H("button.primary", ui.Attr("type", "submit"), ui.TestID(id+"-send"), ui.Text(room.T("Answer")))),
		ui.H("p.help", ui.Text(room.T("The device does not learn how long its caller waits (5 to 300 s, 30 s if it does not say). The countdown ends when no caller can wait any more."))),
	)
}

// untilDeadline returns how long a caller can wait at most, in whole seconds, and has the page drawn again when that changes.
func (room *Room) untilDeadline(c *call) time.Duration {
	now := time.Now()
	left := max(c.deadline.Sub(now), 0)
	if left > 0 {
		room.RedrawAt(now.Add((left-1)%time.Second + 1))
	}
	return (left + time.Second - 1).Truncate(time.Second)
}

// countdown returns a time in minutes and seconds.
func countdown(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func (room *Room) viewCalls() ui.Part {
	l := &room.state.calls
	rows := make(ui.Nodes, 0, l.shown)
	all := 0
	for i := len(l.list) - 1; i >= 0; i-- {
		if c := l.list[i]; c.state != callWaiting {
			if all++; all <= l.shown {
				rows = append(rows, room.viewCall(c))
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return ui.H("section.history", ui.Label(room.T("History")),
		ui.H("header.card-head", ui.H("h4", ui.Text(room.T("History"))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("method-clear"), ui.Text(room.T("Clear")), ui.OnClick(func() { room.Update(l.clear) }))),
		ui.H("div.scroll", ui.Attr("role", "log"), ui.Label(room.T("Direct methods that were called")), ui.Attr("tabindex", "0"), ui.H("ol.calls", rows)),
		ui.When(all > len(rows), ui.H("div.actions", ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID("method-more"), ui.Text(room.T("Show %d more", min(callsPage, all-len(rows)))),
			ui.OnClick(func() { room.Update(func() { l.shown += callsPage }) })))),
		ui.When(l.dropped > 0, ui.H("p.empty", ui.TestID("method-dropped"),
			ui.Text(room.TN(l.dropped, "%[1]d older call was dropped: the page keeps %[2]d.", "%[1]d older calls were dropped: the page keeps %[2]d.", l.dropped, callLimit)))),
	)
}

func (room *Room) viewCall(c *call) *ui.Node {
	duration := ""
	if c.state.final() {
		duration = room.T("%d ms", c.end.Sub(c.at).Milliseconds())
	}
	response := room.Words(c.response)
	if c.state != callAnswered {
		response = "—"
	}
	return ui.H("li.call", ui.Key(fmt.Sprint(c.id)), ui.TestID("method-call"), ui.Attr("data-state", string(c.state)),
		ui.H("details",
			ui.H("summary.line", ui.H("time", ui.Text(page.Clock(c.at))), ui.H("b.what", ui.Text(c.name)),
				ui.H("span.outcome", ui.Attr("data-outcome", string(c.line.Outcome)), ui.Text(room.Words(c.line.Note))),
				ui.When(duration != "", ui.H("span.outcome", ui.TestID("method-duration"), ui.Text(duration)))),
			ui.H("div.columns",
				ui.H("section.document", ui.H("header", ui.H("h4", ui.Text(room.T("Request")))), ui.H("pre", ui.Text(c.request))),
				ui.H("section.document", ui.H("header", ui.H("h4", ui.Text(room.T("Response")))), ui.H("pre", ui.Text(response))),
			),
		))
}
