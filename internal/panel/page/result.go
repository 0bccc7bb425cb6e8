package page

import (
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// Result is the outcome of the last action of a form. The zero Result shows nothing.
type Result struct {
	OK   bool
	Text l10n.Text // one line
	Body string    // the answer, if there was one
}

// ResultOf returns a form's result: success, or the error as a sentence if there is one.
//
//go:noinline
func ResultOf(err error, success l10n.Text) Result {
	if err != nil {
		return Result{Text: l10n.Sentence{Err: err}}
	}
	return Result{OK: true, Text: success}
}

// ResultView shows a result, or nothing for the zero Result.
func (p *Page) ResultView(r Result, id string) ui.Part {
	if r.Text == nil {
		return nil
	}
	state := "failed"
	if r.OK {
		state = "ok"
	}
	return ui.H("div.result", ui.Attr("role", "status"), ui.TestID(id), ui.Attr("data-result", state),
		ui.H("p", ui.Text(p.Words(r.Text))),
		ui.When(r.Body != "", ui.H("pre", ui.Text(r.Body))),
	)
}
