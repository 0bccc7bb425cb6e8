package panel

import "fmt"

// viewJournal lists what happened, newest first. Of a long list only the rows of its window are in the page; above and
// below stand empty drawings as high as the rows that are not there, since the page's policy forbids inline styles.
func (p *Panel) viewJournal(j *journal, id, name, empty string) *Node {
	return h("section.log", label(name), testid(id),
		h("header.log-head", h("h3", text(name)),
			when(len(j.entries) > 0,
				h("button.quiet", attr("type", "button"), testid(id+"-clear"), text(p.T("Clear")), onClick(func() { p.update(j.clear) }))),
		),
		when(len(j.entries) == 0, h("p.empty", text(empty))),
		when(len(j.entries) > 0, p.viewJournalFilter(j, id, name), p.viewJournalList(j, id, name)),
		p.viewDetail(j, id),
		when(j.dropped > 0, h("p.empty", testid(id+"-dropped"),
			text(p.T("%d older entries were dropped: the log keeps %d.", j.dropped, journalLimit)))),
	)
}

func (p *Panel) viewJournalFilter(j *journal, id, name string) *Node {
	return h("div.log-filter", attr("role", "search"), label(p.T("Filter: %s", name)),
		h("input", attr("type", "search"), testid(id+"-filter"), label(p.T("Filter the log by text")), attr("placeholder", p.T("Filter")),
			attr("autocomplete", "off"), attr("spellcheck", "false"), value{&j.query},
			Listener{Event: "input", Do: func(e Event) { p.update(func() { j.filter(e.Value, j.kind) }) }}),
		h("select", testid(id+"-kind"), label(p.T("Filter the log by kind")),
			onChange(func(e Event) { p.update(func() { j.filter(j.query.text, entryKind(e.Value)) }) }),
			nodes(options(string(j.kind), "", p.T("Everything"), string(entrySent), p.T("Sent"), string(entryReceived), p.T("Received"),
				string(entryState), p.T("State"), string(entryError), p.T("Errors")))),
	)
}

func (p *Panel) viewJournalList(j *journal, id, name string) part {
	list, waiting := j.shown()
	from, to := j.window(len(list))
	rows := make(nodes, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, p.viewEntry(j, list[len(list)-1-i], i, len(list)))
	}
	return parts{
		when(waiting > 0, h("button.secondary.newer", attr("type", "button"), testid(id+"-newer"),
			text(p.TN(waiting, "Show %d newer entry", "Show %d newer entries", waiting)),
			onClick(func() { p.update(func() { j.toTop(); j.takeFocus = true }) }))),
		when(len(list) == 0, h("p.empty", testid(id+"-none"), text(p.T("Nothing in the log matches the filter.")))),
		when(len(list) > 0, h("div.entries", key(fmt.Sprint(j.scrollRev)), attr("role", "log"), attr("aria-live", "off"), attr("tabindex", "0"), label(name),
			when(j.takeFocus, attr("data-focus", "")),
			Listener{Event: "scroll", Do: func(e Event) { p.update(func() { j.scrolled(e.Top, e.Height) }) }},
			spacer("above", from), h("ol", rows), spacer("below", len(list)-to))),
	}
}

// spacer takes the place of rows that are not drawn.
func spacer(class string, rows int) *Node {
	return h("svg.spacer."+class, attr("aria-hidden", "true"), attr("width", "1"), attr("height", fmt.Sprint(rows*rowHeight)))
}

var arrows = map[entryKind]string{entrySent: "→", entryReceived: "←", entryState: "·", entryError: "!"}

// viewEntry is a row of one line. Its whole text is a click away, under the list, so that every row stays as high as the
// others.
func (p *Panel) viewEntry(j *journal, e *entry, i, n int) *Node {
	return h("li.entry", key(fmt.Sprint(e.id)), attr("data-kind", string(e.kind)),
		attr("aria-posinset", fmt.Sprint(i+1)), attr("aria-setsize", fmt.Sprint(n)),
		h("button.line", attr("type", "button"), attr("aria-expanded", fmt.Sprint(j.selected == e)),
			onClick(func() { p.update(func() { j.toggle(e) }) }),
			h("time", text(clock(e.at))),
			h("span.arrow", attr("aria-hidden", "true"), text(arrows[e.kind])),
			h("span.what", text(e.what)),
			when(e.note != "", h("span.outcome", attr("data-outcome", string(e.outcome)), text(e.note))),
			h("span.summary", text(e.summary)),
		))
}

// toggle shows or hides the whole of an entry.
func (j *journal) toggle(e *entry) {
	if j.selected == e {
		e = nil
	}
	j.selected = e
}

// viewDetail is the whole of the entry that was chosen, if one was.
func (p *Panel) viewDetail(j *journal, id string) part {
	e := j.selected
	if e == nil {
		return nil
	}
	detail := e.detail
	if detail == "" {
		detail = e.summary
	}
	return h("div.entry-detail", testid(id+"-detail"), attr("role", "region"), label(e.what),
		h("header", h("time", text(clock(e.at))), h("b", text(e.what)),
			h("button.quiet", attr("type", "button"), testid(id+"-detail-close"), text(p.T("Close")), onClick(func() { p.update(func() { j.selected = nil }) }))),
		h("pre.detail", text(detail)))
}
