package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

const invokers = 4

// methods lets the service call a direct method that answers with its own payload.
type methods struct {
	hub  *emulator.Hub
	seed uint64

	perOne   int
	runs     []atomic.Int32 // how many times the device ran each call
	answered []bool         // each invoker owns its own
}

func newMethods(seed uint64, count int) *methods {
	return &methods{seed: seed, perOne: count / invokers, runs: make([]atomic.Int32, count), answered: make([]bool, count)}
}

// deviceNotOnline is the hub's code for a device that is away, or went away before it answered.
const deviceNotOnline = 404103

func (m *methods) invoke(ctx context.Context, invoker int, over time.Duration) error {
	start := time.Now()
	for i := range m.perOne {
		if err := until(ctx, start.Add(over*time.Duration(i)/time.Duration(m.perOne))); err != nil {
			return err
		}
		n := invoker*m.perOne + i
		payload := json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))
		status, answer, err := m.hub.Invoke(ctx, deviceID, "echo", payload)
		var refusal *emulator.Error
		switch {
		case errors.As(err, &refusal) && refusal.Code == deviceNotOnline:
		case err != nil:
			return fmt.Errorf("direct method %d: %w", n, err)
		case status != 200 || string(answer) != string(payload):
			return fmt.Errorf("direct method %d was answered with %d, %s", n, status, answer)
		default:
			m.answered[n] = true
		}
	}
	return nil
}

func (m *methods) handle(ctx context.Context, call hubclient.Method) (hubclient.Response, error) {
	var payload struct{ N int }
	if err := json.Unmarshal(call.Payload, &payload); err != nil || payload.N < 0 || payload.N >= len(m.runs) {
		return hubclient.Response{}, fmt.Errorf("payload %s: %w", call.Payload, err)
	}
	m.runs[payload.N].Add(1)
	work := time.NewTimer(rand.N(20 * time.Millisecond))
	defer work.Stop()
	select {
	case <-work.C:
		return hubclient.Response{Payload: call.Payload}, nil
	case <-ctx.Done():
		return hubclient.Response{}, ctx.Err()
	}
}

// A methodsReport is what was counted.
type methodsReport struct {
	answered, away int // told to the services
	twice          int // run more than once
	awayButRun     int // of away: the device ran the method, and its answer found no connection
}

func (m *methods) compare(p *problems) (r methodsReport) {
	for n := range m.runs {
		runs := m.runs[n].Load()
		switch {
		case runs > 1:
			r.twice++
			p.add("the device ran direct method %d %d times", n, runs)
		case m.answered[n] && runs == 0:
			p.add("direct method %d was answered, and not run", n)
		}
		if m.answered[n] {
			r.answered++
			continue
		}
		r.away++
		if runs > 0 {
			r.awayButRun++
		}
	}
	return r
}
