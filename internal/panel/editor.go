package panel

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// viewEditor is a labelled editor with line numbers, a way to format what is JSON, and, under it, what is wrong with the
// text. It shows all of its lines, so that numbers and text scroll as one; rows is how many it has at least.
func (p *Panel) viewEditor(name, id string, f *field, rows int, problem error) *Node {
	lines := 1 + strings.Count(f.text, "\n")
	wrong, said, invalid := errorLine(problem), "", "false"
	if problem != nil {
		said, invalid = p.Sentence(problem), "true"
	}
	return h("div.field",
		h("div.editor-head",
			h("label.field-name", attr("for", id), text(name)),
			h("button.quiet", attr("type", "button"), testid(id+"-format"), flag("disabled", !json.Valid([]byte(f.text))),
				label(p.T("Format: %s", name)), text(p.T("Format")),
				onClick(func() { p.update(func() { f.set(indented([]byte(f.text))) }) }))),
		h("div.editor",
			gutter(lines, wrong),
			h("textarea.mono", attr("id", id), testid(id), attr("rows", strconv.Itoa(max(rows, lines))), attr("wrap", "off"), attr("spellcheck", "false"),
				attr("aria-describedby", id+"-problem"), attr("aria-invalid", invalid), value{f}, p.typing(f))),
		h("p.problem", attr("id", id+"-problem"), testid(id+"-problem"), text(said)),
	)
}

// gutter numbers the lines and marks the one that is wrong, if any. Assistive technology reads the place in the problem.
func gutter(lines, wrong int) *Node {
	numbers := func(from, to int) string {
		var b strings.Builder
		for i := from; i <= to; i++ {
			b.WriteString(strconv.Itoa(i) + "\n")
		}
		return b.String()
	}
	if wrong < 1 || wrong > lines {
		wrong = lines + 1
	}
	return h("pre.gutter", attr("aria-hidden", "true"),
		h("span", text(numbers(1, wrong-1))),
		when(wrong <= lines, h("b", text(strconv.Itoa(wrong))), h("span.after", text("\n"+numbers(wrong+1, lines)))),
	)
}

// errorLine is the line in an error of checkJSON, or 0.
func errorLine(err error) int {
	t, ok := err.(*l10n.Message)
	if !ok || len(t.Values) != 4 {
		return 0
	}
	line, _ := t.Values[1].(int)
	return line
}
