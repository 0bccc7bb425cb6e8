package telemetry

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/simulation"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// streams is the list of streams on the page.
type streams struct {
	list []*stream
	next int // the id of the next stream
}

// stream is the form of messages that are made from a template, a burst of them in every interval. A run sends them.
type stream struct {
	id                           int
	name, body, contentType      ui.Field
	interval, count, burst, seed ui.Field
	variables                    []*variableRow
	nextVariable                 int // the id of the next variable
	properties                   page.PropertyRows
	qos0                         bool
	open                         bool   // the template is on the page
	imported                     bool   // from Iot-Telemetry-Simulator
	randomSeed                   uint64 // the seed of the next run if the form has none
	run                          *run   // the last run; nil: there was none
}

// variableRow is a variable of a template in its form.
type variableRow struct {
	id   int
	name ui.Field
	kind string // one of simulation.Kinds
	args ui.Field
}

func newStreams() streams {
	var s streams
	s.add()
	return s
}

// add adds a stream that has an example of a template.
func (s *streams) add() *stream {
	st := &stream{id: s.next, randomSeed: rand.Uint64()}
	s.next++
	st.name.Set("stream-" + strconv.Itoa(s.next))
	st.body.Set("{\n  \"temperature\": $.Temperature,\n  \"humidity\": $.Humidity,\n  \"count\": $.Count,\n  \"time\": \"$.Time\"\n}")
	st.contentType.Set("application/json")
	st.interval.Set("1000")
	st.count.Set("0")
	st.burst.Set("1")
	st.addVariable("Temperature", "walk")
	st.addVariable("Humidity", "sine")
	st.addVariable("Count", "counter")
	s.list = append(s.list, st)
	return st
}

func (s *streams) remove(id int) {
	s.list = slices.DeleteFunc(s.list, func(st *stream) bool { return st.id == id })
}

// removeImported removes the streams that were imported, and stops those that run.
func (s *streams) removeImported() {
	s.list = slices.DeleteFunc(s.list, func(st *stream) bool {
		if st.imported && st.running() {
			st.run.stop()
		}
		return st.imported
	})
}

// addVariable adds a variable with an example of its kind's arguments.
func (st *stream) addVariable(name, kind string) *variableRow {
	v := &variableRow{id: st.nextVariable, kind: kind}
	st.nextVariable++
	v.name.Set(name)
	v.args.Set(simulation.Example(kind))
	st.variables = append(st.variables, v)
	return v
}

func (st *stream) removeVariable(id int) {
	st.variables = slices.DeleteFunc(st.variables, func(v *variableRow) bool { return v.id == id })
}

// running reports whether the stream sends, or waits for the hub to acknowledge its last messages.
func (st *stream) running() bool { return st.run != nil && st.run.end == nil }

// plan is the form of a stream after it was checked.
type plan struct {
	interval     time.Duration
	count, burst int // count 0: no limit
	template     *simulation.Template
	qos0         bool
	system       hubproto.SystemProperties
}

// plan reads the form for a run that begins now. An error names the field that is wrong.
func (st *stream) plan(deviceID string, now time.Time) (plan, error) {
	interval, err := strconv.Atoi(st.interval.Trimmed())
	if err != nil || interval < 1 || interval > simulation.MaxInterval {
		return plan{}, l10n.New("the interval must be a number of milliseconds from 1 to 86400000 (a day)")
	}
	count, err := strconv.Atoi(st.count.Trimmed())
	if err != nil || count < 0 {
		return plan{}, l10n.New("the count must be a whole number; 0 sends until you stop the stream")
	}
	burst, err := strconv.Atoi(st.burst.Trimmed())
	if err != nil || burst < 1 || burst > streamWindow {
		return plan{}, l10n.New("the burst must be a whole number from 1 to %d", streamWindow)
	}
	if _, err := st.preview(deviceID, now); err != nil {
		return plan{}, err
	}
	t, err := st.template(deviceID, now)
	return plan{time.Duration(interval) * time.Millisecond, count, burst, t, st.qos0, st.system()}, err
}

// system returns the system properties of the stream's messages.
func (st *stream) system() hubproto.SystemProperties {
	contentType := st.contentType.Trimmed()
	if contentType == "" {
		return hubproto.SystemProperties{}
	}
	return hubproto.SystemProperties{ContentType: contentType, ContentEncoding: "utf-8"}
}

// template compiles the template with the seed of the form. Without one it takes the random seed of the next run, so that the preview
// shows what the next run sends.
func (st *stream) template(deviceID string, now time.Time) (*simulation.Template, error) {
	source := simulation.Source{Body: st.body.Text, Properties: st.properties.List(), DeviceID: deviceID, Seed: st.randomSeed}
	if text := st.seed.Trimmed(); text != "" {
		var err error
		if source.Seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, l10n.New("the seed must be a whole number; without one every start draws another")
		}
	}
	for _, v := range st.variables {
		source.Variables = append(source.Variables, simulation.Variable{Name: v.name.Text, Kind: v.kind, Args: v.args.Text})
	}
	return simulation.Compile(source, now)
}

// preview returns the body of the first message that a run would send if it began now. If the content type is JSON's and the body is not
// JSON, it returns the body and an error.
func (st *stream) preview(deviceID string, now time.Time) (string, error) {
	t, err := st.template(deviceID, now)
	if err != nil {
		return "", err
	}
	body := string(t.Next(now))
	if !page.IsJSON(st.contentType.Text) {
		return body, nil
	}
	return body, jsontext.Check("The message", body)
}
