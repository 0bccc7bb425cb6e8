package page

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Editor is a labelled editor with line numbers, a way to format what is JSON, and, under it, what is wrong with the
// text. It shows all of its lines, so that numbers and text scroll as one; rows is how many it has at least.
func (p *Page) Editor(name, id string, f *ui.Field, rows int, problem error) *ui.Node {
	lines := 1 + strings.Count(f.Text, "\n")
	wrong, sentence, invalid := jsontext.ErrorLine(problem), "", "false"
	if problem != nil {
		sentence, invalid = p.Sentence(problem), "true"
	}
	return ui.H("div.field",
		ui.H("div.editor-head",
			ui.H("label.field-name", ui.Attr("for", id), ui.Text(name)),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(id+"-format"), ui.Flag("disabled", !json.Valid([]byte(f.Text))),
				ui.Label(p.T("Format: %s", name)), ui.Text(p.T("Format")),
				ui.OnClick(func() { p.Update(func() { f.Set(jsontext.Indent([]byte(f.Text))) }) }))),
		ui.H("div.editor",
			gutter(lines, wrong),
			ui.H("textarea.mono", ui.Attr("id", id), ui.TestID(id), ui.Attr("rows", strconv.Itoa(max(rows, lines))), ui.Attr("wrap", "off"), ui.Attr("spellcheck", "false"),
				ui.Attr("aria-describedby", id+"-problem"), ui.Attr("aria-invalid", invalid), ui.Value(f), p.Typing(f))),
		ui.H("p.problem", ui.Attr("id", id+"-problem"), ui.TestID(id+"-problem"), ui.Text(sentence)),
	)
}

// gutter numbers the lines and marks the one that is wrong, if any. Assistive technology reads the place in the problem.
func gutter(lines, wrong int) *ui.Node {
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
	return ui.H("pre.gutter", ui.Attr("aria-hidden", "true"),
		ui.H("span", ui.Text(numbers(1, wrong-1))),
		ui.When(wrong <= lines, ui.H("b", ui.Text(strconv.Itoa(wrong))), ui.H("span.after", ui.Text("\n"+numbers(wrong+1, lines)))),
	)
}
