package panel

import (
	"context"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/scenarios"
	"github.com/hubpanel/hubpanel/internal/panel/telemetry"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// FindScenario reads a document, or, where the text is a name, returns the built-in scenario of that name. Its error is a
// *scenario.UnusableError.
func FindScenario(text string) (*scenario.Document, error) {
	if d := scenario.Builtin(text); d != nil {
		return d, nil
	}
	if page.SimpleName(text) {
		return nil, &scenario.UnusableError{Reason: l10n.New("there is no scenario of the name %s", text)}
	}
	d, err := scenario.Parse([]byte(text))
	if err == nil {
		err = telemetry.CheckTemplates(d)
	}
	if err != nil {
		return nil, &scenario.UnusableError{Reason: l10n.New("the scenario is wrong: %v", err)}
	}
	return d, nil
}

// PlayScenario shows a scenario on the page and plays it until it has ended, or ctx has. It returns an error only if the scenario could
// not begin because another one plays, or the panel is closed: how the scenario ended is in the result.
func (p *Panel) PlayScenario(ctx context.Context, d *scenario.Document, o scenarios.Options) (scenario.Result, error) {
	return p.scenarios.Play(ctx, d, o)
}

// ReplaceScenario is PlayScenario, but a scenario that plays is stopped first.
func (p *Panel) ReplaceScenario(ctx context.Context, d *scenario.Document, o scenarios.Options) (scenario.Result, error) {
	return p.scenarios.Replace(ctx, d, o)
}

// OpenFiles opens a file that a person chose or dropped on the page: a scenario, or a session file.
func (p *Panel) OpenFiles(files []ui.File) {
	if len(files) > 0 && scenario.Is(files[0].Data) {
		p.scenarios.OpenFile(files)
		return
	}
	p.keep.ImportSession(files)
}
