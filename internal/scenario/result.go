package scenario

import (
	"encoding/json"
	"time"
)

// What a result calls itself in JSON.
const ResultFormat = "hubpanel-scenario-result"

// Outcome is what became of a step, or of the whole.
type Outcome string

// The outcomes. The whole has all but NotRun.
const (
	Passed   Outcome = "passed"
	Failed   Outcome = "failed"
	TimedOut Outcome = "timed-out"
	Stopped  Outcome = "stopped" // by a person or a program
	NotRun   Outcome = "not-run" // what came before it did not pass, or it has no meaning here
)

// Result is what became of a scenario.
type Result struct {
	Format  string       `json:"format"`
	Version int          `json:"version"`
	Name    string       `json:"name"`
	Title   string       `json:"title"`
	Outcome Outcome      `json:"outcome"`
	Started time.Time    `json:"started"`
	Seconds float64      `json:"seconds"`
	Text    string       `json:"text,omitempty"` // why, where no step says it
	Steps   []StepResult `json:"steps"`
	Err     error        `json:"-"` // that Text is made of
}

// StepResult is what became of a step.
type StepResult struct {
	Index    int             `json:"index"` // from 1, as people count
	Action   Action          `json:"action"`
	Title    string          `json:"title"`
	Outcome  Outcome         `json:"outcome"`
	Seconds  float64         `json:"seconds"`
	Text     string          `json:"text,omitempty"`     // why
	Expected json.RawMessage `json:"expected,omitempty"` // where something was compared and differs
	Got      json.RawMessage `json:"got,omitempty"`      // what came nearest
	Differs  []string        `json:"differs,omitempty"`  // the paths in Expected
	Err      error           `json:"-"`                  // that Text is made of
}
