package page

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// JournalCard lists what happened, newest first. Of a long list only the rows of its window are in the page; above and
// below stand empty drawings as high as the rows that are not there, since the page's policy forbids inline styles.
func (p *Page) JournalCard(j *Journal, id, name, empty string) *ui.Node {
	return ui.H("section.log", ui.Label(name), ui.TestID(id),
		ui.H("header.log-head", ui.H("h3", ui.Text(name)),
			ui.When(len(j.Entries) > 0,
				ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-clear"), ui.Text(p.T("Clear")), ui.OnClick(func() { p.Update(j.Clear) }))),
		),
		ui.When(len(j.Entries) == 0, ui.H("p.empty", ui.Text(empty))),
		ui.When(len(j.Entries) > 0, p.viewJournalFilter(j, id, name), p.viewJournalList(j, id, name)),
		p.viewDetail(j, id),
		ui.When(j.Dropped > 0, ui.H("p.empty", ui.TestID(id+"-dropped"),
			ui.Text(p.T("%d older entries were dropped: the log keeps %d.", j.Dropped, journalLimit)))),
	)
}

func (p *Page) viewJournalFilter(j *Journal, id, name string) *ui.Node {
	return ui.H("div.log-filter", ui.Attr("role", "search"), ui.Label(p.T("Filter: %s", name)),
		ui.H("input", ui.Attr("type", "search"), ui.TestID(id+"-filter"), ui.Label(p.T("Filter the log by text")), ui.Attr("placeholder", p.T("Filter")),
			ui.Attr("autocomplete", "off"), ui.Attr("spellcheck", "false"), ui.Value(&j.query),
			ui.Listener{Event: "input", Do: func(e ui.Event) { p.Update(func() { j.filter(e.Value, j.kind, p.Words) }) }}),
		ui.H("select", ui.TestID(id+"-kind"), ui.Label(p.T("Filter the log by kind")),
			ui.OnChange(func(e ui.Event) { p.Update(func() { j.filter(j.query.Text, EntryKind(e.Value), p.Words) }) }),
			ui.Nodes(ui.Options(string(j.kind), "", p.T("Everything"), string(Sent), p.T("Sent"), string(Received), p.T("Received"),
				string(StateChange), p.T("State"), string(Failure), p.T("Errors")))),
	)
}

func (p *Page) viewJournalList(j *Journal, id, name string) ui.Part {
	list, waiting := j.shown()
	from, to := j.window(len(list))
	rows := make(ui.Nodes, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, p.viewEntry(j, list[len(list)-1-i], i, len(list)))
	}
	return ui.Parts{
		ui.When(waiting > 0, ui.H("button.secondary.newer", ui.Attr("type", "button"), ui.TestID(id+"-newer"),
			ui.Text(p.TN(waiting, "Show %d newer entry", "Show %d newer entries", waiting)),
			ui.OnClick(func() { p.Update(func() { j.toTop(); j.takeFocus = true }) }))),
		ui.When(len(list) == 0, ui.H("p.empty", ui.TestID(id+"-none"), ui.Text(p.T("Nothing in the log matches the filter.")))),
		ui.When(len(list) > 0, ui.H("div.entries", ui.Key(fmt.Sprint(j.scrollRev)), ui.Attr("role", "log"), ui.Attr("aria-live", "off"), ui.Attr("tabindex", "0"), ui.Label(name),
			ui.When(j.takeFocus, ui.Attr("data-focus", "")),
			ui.Listener{Event: "scroll", Do: func(e ui.Event) { p.Update(func() { j.scrolled(e.Top, e.Height) }) }},
			spacer("above", from), ui.H("ol", rows), spacer("below", len(list)-to))),
	}
}

// spacer takes the place of rows that are not drawn.
func spacer(class string, rows int) *ui.Node {
	return ui.H("svg.spacer."+class, ui.Attr("aria-hidden", "true"), ui.Attr("width", "1"), ui.Attr("height", fmt.Sprint(rows*rowHeight)))
}

var arrows = map[EntryKind]string{Sent: "→", Received: "←", StateChange: "·", Failure: "!"}

// viewEntry is a row of one line. Its whole text is a click away, under the list, so that every row stays as high as the
// others.
func (p *Page) viewEntry(j *Journal, e *Entry, i, n int) *ui.Node {
	return ui.H("li.entry", ui.Key(fmt.Sprint(e.id)), ui.Attr("data-kind", string(e.Kind)),
		ui.Attr("aria-posinset", fmt.Sprint(i+1)), ui.Attr("aria-setsize", fmt.Sprint(n)),
		ui.H("button.line", ui.Attr("type", "button"), ui.Attr("aria-expanded", fmt.Sprint(j.selected == e)),
			ui.OnClick(func() { p.Update(func() { j.toggle(e) }) }),
			ui.H("time", ui.Text(Clock(e.At))),
			ui.H("span.arrow", ui.Attr("aria-hidden", "true"), ui.Text(arrows[e.Kind])),
			ui.H("span.what", ui.Text(p.Words(e.What))),
			ui.When(e.Note != nil, ui.H("span.outcome", ui.Attr("data-outcome", string(e.Outcome)), ui.Text(p.Words(e.Note)))),
			ui.H("span.summary", ui.Text(p.Words(e.Summary))),
		))
}

// toggle shows or hides the whole of an entry.
func (j *Journal) toggle(e *Entry) {
	if j.selected == e {
		e = nil
	}
	j.selected = e
}

// viewDetail is the whole of the entry that was chosen, if one was.
func (p *Page) viewDetail(j *Journal, id string) ui.Part {
	e := j.selected
	if e == nil {
		return nil
	}
	detail := e.Detail
	if detail == nil {
		detail = e.Summary
	}
	return ui.H("div.entry-detail", ui.TestID(id+"-detail"), ui.Attr("role", "region"), ui.Label(p.Words(e.What)),
		ui.H("header", ui.H("time", ui.Text(Clock(e.At))), ui.H("b", ui.Text(p.Words(e.What))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-detail-close"), ui.Text(p.T("Close")), ui.OnClick(func() { p.Update(func() { j.selected = nil }) }))),
		ui.H("pre.detail", ui.Text(p.Words(detail))))
}
