//go:build !js

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// The clients' names, in the order of the tables' columns.
const (
	ours   = "hubclient"
	pahoGo = "paho.mqtt.golang"
	mqttJS = "MQTT.js"
	raw    = "raw JavaScript"
)

var clientNames = []string{ours, pahoGo, mqttJS, raw}

// tasks in the order of the tables' rows.
var tasks = []task{sendBatched, sendSingle, receiveQoS0, receiveQoS1}

// A goal is a ratio that the project has set itself.
type goal struct {
	task   task
	other  string
	times  float64 // other takes at least so many times as long as hubclient
	atMost bool    // turned round: hubclient takes at most so many times as long as other
}

// goals by the table that they are for: paho is measured natively only, the others in Chromium.
var goals = []goal{
	{task: sendBatched, other: pahoGo, times: 2},
	{task: sendSingle, other: pahoGo, times: 2},
	{task: sendBatched, other: mqttJS, times: 15},
	{task: sendSingle, other: mqttJS, times: 2.3},
	{task: sendSingle, other: raw, times: 1.3, atMost: true},
	{task: receiveQoS0, other: mqttJS, times: 1.3},
	{task: receiveQoS1, other: mqttJS, times: 1.3},
}

// times are milliseconds by task and client.
type times map[task]map[string][]float64

// results are what was measured.
type results struct {
	ms  times // by the clock
	cpu times // of the page's main thread, by the processor; nil natively
}

func (r *results) add(t task, client string, ms float64)    { r.ms.add(t, client, ms) }
func (r *results) addCPU(t task, client string, ms float64) { r.cpu.add(t, client, ms) }

func (m *times) add(t task, client string, ms float64) {
	if *m == nil {
		*m = make(times)
	}
	if (*m)[t] == nil {
		(*m)[t] = make(map[string][]float64)
	}
	(*m)[t][client] = append((*m)[t][client], ms)
}

func (m times) median(t task, client string) (float64, bool) {
	all := slices.Sorted(slices.Values(m[t][client]))
	if len(all) == 0 {
		return 0, false
	}
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2, true
}

// write writes tables of medians with the fastest and the slowest round behind them, and one of the goals.
func (r *results) write(w io.Writer, title string) {
	fmt.Fprintf(w, "\n### %s\n", title)
	r.ms.write(w, "ms")
	if r.cpu != nil {
		r.cpu.write(w, "ms of the processor, the page's main thread")
	}
	r.writeGoals(w)
}

func (m times) write(w io.Writer, unit string) {
	var columns []string
	for _, name := range clientNames {
		if slices.ContainsFunc(tasks, func(t task) bool { _, ok := m.median(t, name); return ok }) {
			columns = append(columns, name)
		}
	}
	fmt.Fprintf(w, "\n| %s (fastest–slowest round) | %s |\n|---|%s\n", unit, strings.Join(columns, " | "), strings.Repeat("--:|", len(columns)))
	for _, t := range tasks {
		var cells []string
		for _, name := range columns {
			cell := "–"
			if ms, ok := m.median(t, name); ok {
				cell = fmt.Sprintf("%.0f (%.0f–%.0f)", ms, slices.Min(m[t][name]), slices.Max(m[t][name]))
			}
			cells = append(cells, cell)
		}
		if len(m[t]) > 0 {
			fmt.Fprintf(w, "| %s | %s |\n", t, strings.Join(cells, " | "))
		}
	}
}

func (r *results) writeGoals(w io.Writer) {
	fmt.Fprintf(w, "\n| hubclient | goal | measured | |\n|---|--:|--:|---|\n")
	for _, g := range goals {
		own, ok1 := r.ms.median(g.task, ours)
		other, ok2 := r.ms.median(g.task, g.other)
		if !ok1 || !ok2 {
			continue
		}
		what, ratio, sign := "times as fast as", other/own, "≥"
		reached := ratio >= g.times
		if g.atMost {
			what, ratio, sign = "times as long as", own/other, "≤"
			reached = ratio <= g.times
		}
		verdict := "reached"
		if !reached {
			verdict = "**missed**"
		}
		fmt.Fprintf(w, "| %s: %s %s | %s %g | %.2f | %s |\n", g.task, what, g.other, sign, g.times, ratio, verdict)
	}
}
