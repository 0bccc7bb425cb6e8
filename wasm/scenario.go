//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"syscall/js"
	"time"

	"github.com/hubpanel/hubpanel/internal/panel"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/scenarios"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// runScenario(text, {pace, step, shoot}, signal) plays a scenario, by its document or its name, on the page's panel; in a page without
// one, on a panel that nobody sees. It resolves with the result as JSON text. The abort of signal stops the scenario.
func runScenario(_ js.Value, args []js.Value) any {
	text, options := args[0].String(), args[1]
	step, shoot := options.Get("step"), options.Get("shoot")
	o := scenarios.Options{
		Pace: time.Duration(options.Get("pace").Float() * float64(time.Second)),
		OnStep: func(r scenario.StepResult) {
			raw, err := json.Marshal(r)
			if err == nil { // it is made of what came from JSON
				step.Invoke(string(raw))
			}
		},
	}
	if shoot.Truthy() {
		o.Shoot = func(ctx context.Context, name string) error {
			_, err := await(ctx, shoot.Invoke(name))
			return err
		}
	}
	return promise(args[2], func(ctx context.Context) (any, error) { return play(ctx, text, o) })
}

func play(ctx context.Context, text string, o scenarios.Options) (any, error) {
	d, err := panel.FindScenario(text)
	if err != nil {
		return nil, err
	}
	var p *panel.Panel
	if m := mounted; m != nil {
		select {
		case <-m.made:
		case <-ctx.Done():
		}
		if p = m.panel; p == nil {
			return nil, context.Cause(ctx)
		}
	} else {
		p = panel.New(panel.Env{Params: page.Params{Hub: "inpage"}})
		defer p.Close()
		p.Start()
	}
	result, err := p.PlayScenario(ctx, d, o)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(result)
	return string(raw), err
}
