//go:build !js

package main

import (
	"fmt"
	"io"
	"strings"
)

// tables are the reports, and the Markdown that is made of them. Nil: not measured.
type tables struct {
	native, chrome, node, mqttPacket *report
}

func (t *tables) write(w io.Writer) error {
	b := new(strings.Builder)
	fmt.Fprintf(b, "Codecs: ")
	var notes []string
	for _, c := range codecs {
		notes = append(notes, c.name+" ("+c.note+")")
	}
	fmt.Fprintf(b, "%s.\n", strings.Join(notes, "; "))
	t.native.write(b, "Native")
	if t.chrome != nil {
		t.chrome.write(b, "js/wasm in Chrome")
	}
	if t.node != nil {
		t.node.write(b, "js/wasm in Node.js")
	}
	t.writeJavaScript(b)
	t.writeGoals(b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *report) write(b *strings.Builder, title string) {
	for _, op := range []string{"decode", "encode"} {
		fmt.Fprintf(b, "\n### %s: %s\n\n", title, op)
		fmt.Fprintf(b, "Nanoseconds of %s a packet (allocations), median of %d passes, %s, %s.\n\n", r.Clock, r.Passes, r.Platform, r.Go)
		var names []string
		for _, w := range measured() {
			names = append(names, w.name)
		}
		fmt.Fprintf(b, "| | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("--:|", len(names)))
		for _, c := range codecs {
			cells, any := []string{}, false
			for _, name := range names {
				cell := "–"
				if x := r.find(op, name, c.name); x != nil {
					cell, any = fmt.Sprintf("%s (%.2g)", nanos(x.Nanos), round(x.Allocs)), true
				}
				cells = append(cells, cell)
			}
			if any {
				fmt.Fprintf(b, "| %s | %s |\n", c.name, strings.Join(cells, " | "))
			}
		}
	}
}

// writeJavaScript compares Go as wasm with mqtt-packet in the same Node.
func (t *tables) writeJavaScript(b *strings.Builder) {
	if t.mqttPacket == nil {
		return
	}
	fmt.Fprintf(b, "\n### Go wasm and JavaScript in the same Node.js\n\n")
	fmt.Fprintf(b, "%s, %s. Nanoseconds of %s a packet. Both get the same pieces: to decode, a message for each packet, and the stream also at once.\n\n",
		t.mqttPacket.Go, t.mqttPacket.Platform, t.mqttPacket.Clock)
	fmt.Fprintf(b, "| | mqtt-packet | mqttcodec | times as fast |\n|---|--:|--:|--:|\n")
	row := func(what, op, workload, js, wasm string) {
		slow, fast := t.mqttPacket.find(op, workload, js), t.node.find(op, workload, wasm)
		if slow == nil || fast == nil {
			return // see -only
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.1f |\n", what, nanos(slow.Nanos), nanos(fast.Nanos), slow.Nanos/fast.Nanos)
	}
	row("decode "+mixed+", at once", "decode", mixed, "mqtt-packet", oursReader.name)
	row("decode "+mixed+", in messages", "decode", mixed, "mqtt-packet, messages", oursMessages.name)
	for _, w := range workloads() {
		if w.name != mixed {
			row("decode "+w.name, "decode", w.name, "mqtt-packet, messages", oursMessages.name)
		}
	}
	for _, w := range workloads() {
		row("encode "+w.name, "encode", w.name, "mqtt-packet", ours.name)
	}
}

// A goal is a ratio of two medians of one process that must be reached.
type goal struct {
	what             string
	report           *report
	op, workload     string
	slow, fast       string // codecs: slow takes at least times as long as fast
	times            float64
	atMost           bool // fast takes at most times as long as slow
	slowRep, fastRep *report
}

// writeGoals says which of the project's goals this run reached.
func (t *tables) writeGoals(b *strings.Builder) {
	fmt.Fprintf(b, "\n### Goals\n\n| | goal | measured | |\n|---|--:|--:|---|\n")
	a, large := workloads()[0].name, workloads()[2].name
	for _, g := range []goal{
		{what: "native mixed stream, Reader against paho", report: t.native, op: "decode", workload: mixed, slow: pahoCodec.name, fast: oursReader.name, times: 8},
		{what: "native mixed stream, Reader against mochi", report: t.native, op: "decode", workload: mixed, slow: mochiCodec.name, fast: oursReader.name, times: 4},
		{what: "native decode of a 100 B PUBLISH against paho", report: t.native, op: "decode", workload: a, slow: pahoCodec.name, fast: ours.name, times: 6},
		{what: "the same through a Reader", report: t.native, op: "decode", workload: a, slow: pahoCodec.name, fast: oursReader.name, times: 6},
		{what: "native encode of a 100 B PUBLISH against paho", report: t.native, op: "encode", workload: a, slow: pahoCodec.name, fast: ours.name, times: 8},
		{what: "native decode of 256 KiB through a Reader, in memmoves", report: t.native, op: "decode", workload: large, slow: limit.name, fast: oursReader.name, times: 1.3, atMost: true},
		{what: "wasm mixed stream against mqtt-packet, the same Node", slowRep: t.mqttPacket, fastRep: t.node, op: "decode", workload: mixed, slow: "mqtt-packet", fast: oursReader.name, times: 30},
	} {
		if g.report != nil {
			g.slowRep, g.fastRep = g.report, g.report
		}
		if g.slowRep == nil || g.fastRep == nil {
			continue
		}
		slow, fast := g.slowRep.find(g.op, g.workload, g.slow), g.fastRep.find(g.op, g.workload, g.fast)
		if slow == nil || fast == nil {
			continue // see -only
		}
		ratio, sign := slow.Nanos/fast.Nanos, "≥"
		reached := ratio >= g.times
		if g.atMost {
			ratio, sign = fast.Nanos/slow.Nanos, "≤"
			reached = ratio <= g.times
		}
		verdict := "reached"
		if !reached {
			verdict = "**missed**"
		}
		fmt.Fprintf(b, "| %s | %s %g× | %.2f× | %s |\n", g.what, sign, g.times, ratio, verdict)
	}
}

func (r *report) find(op, workload, codec string) *result {
	for i := range r.Results {
		if x := &r.Results[i]; x.Op == op && x.Workload == workload && x.Codec == codec {
			return x
		}
	}
	return nil
}

func nanos(n float64) string {
	switch {
	case n < 100:
		return fmt.Sprintf("%.1f", n)
	case n < 10_000:
		return fmt.Sprintf("%.0f", n)
	default:
		return fmt.Sprintf("%.1f µs", n/1000)
	}
}

// round drops what the measuring itself allocated.
func round(allocs float64) float64 { return float64(int(allocs*10+0.5)) / 10 }
