//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"syscall/js"
	"time"

	"github.com/hubpanel/hubpanel/internal/panel"
	"github.com/hubpanel/hubpanel/internal/scenario"
)

// runScenario(text, {pace, step, shoot}) plays a scenario, by its document or its name, on the page's panel; in a page without
// one, on a panel that nobody sees. It returns {result, stop}: a promise of the result as JSON text, and what ends it.
func runScenario(_ js.Value, args []js.Value) any {
	text, options := args[0].String(), args[1]
	o := panel.ScenarioOptions{Pace: time.Duration(options.Get("pace").Float() * float64(time.Second))}
	step := options.Get("step")
	o.OnStep = func(r scenario.StepResult) {
		raw, err := json.Marshal(r)
		if err == nil { // it is made of what came from JSON
			step.Invoke(string(raw))
		}
	}
	if shoot := options.Get("shoot"); shoot.Truthy() {
		o.Shoot = func(ctx context.Context, name string) error {
			_, err := await(shoot.Invoke(name))
			return err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	stop := js.FuncOf(func(js.Value, []js.Value) any { cancel(); return nil })
	run := js.Global().Get("Object").New()
	run.Set("stop", stop)
	run.Set("result", promise(func() (any, error) {
		defer stop.Release() // web/hubpanel.js calls it no more
		defer cancel()
		return play(ctx, text, o)
	}))
	return run
}

func play(ctx context.Context, text string, o panel.ScenarioOptions) (any, error) {
	d, err := panel.FindScenario(text)
	if err != nil {
		return nil, err
	}
	var p *panel.Panel
	if m := mounted; m != nil {
		<-m.made
		p = m.panel
	} else {
		p = panel.New(panel.Env{Params: panel.Params{Hub: "inpage"}})
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
