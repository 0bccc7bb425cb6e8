package simulation

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/savefile"
)

// MaxInterval is the longest interval of a stream, in milliseconds: a day.
const MaxInterval = 86_400_000

// Import is a configuration of Iot-Telemetry-Simulator as streams. The format is that of
// https://github.com/Azure-Samples/Iot-Telemetry-Simulator: README.md has the parameters and the variables, RunnerConfiguration.cs the
// payloads, TelemetryValues.cs the meaning of a variable.
type Import struct {
	Streams []savefile.Stream
	Notes   []*l10n.Message // a sentence for each part of the configuration that was changed or left out
}

func (s *Import) note(m *l10n.Message) { s.Notes = append(s.Notes, m) }

// The simulator's defaults.
const (
	simulatorInterval = 1000 // ms
	simulatorCount    = 10
	simulatorTemplate = `{"deviceId": "$.DeviceId", "time": "$.Time", "counter": $.Counter}`
)

// ParseSimulator reads a configuration: the simulator's JSON file, its Variables alone, a docker command, or environment variables. An
// error names the part that is wrong. If no part can be imported, the notes are returned along with the error.
func ParseSimulator(text string) (Import, error) {
	c, err := readSimulator(text)
	if err != nil {
		return Import{}, err
	}
	var s Import
	variables, err := s.variables(c)
	if err != nil {
		return Import{}, err
	}
	payloads, err := s.payloads(c)
	if err != nil {
		return Import{}, err
	}
	if err := s.addStreams(c, payloads, variables); err != nil {
		return Import{}, err
	}
	s.addNotes(c)
	if len(s.Streams) == 0 {
		return s, l10n.New("nothing of this configuration can be a stream here")
	}
	return s, nil
}

// addStreams makes a stream of each payload. The simulator chooses the payload of each message at random. The closest equivalent is a
// stream for each payload, with an interval that gives it its share.
func (s *Import) addStreams(c *simulatorConfig, payloads []simulatorPayload, variables []savefile.Variable) error {
	count, err := c.number("MessageCount", simulatorCount)
	if err != nil {
		return err
	}
	properties, err := s.header(c)
	if err != nil {
		return err
	}
	whole := map[string]float64{}
	for _, p := range payloads {
		whole[p.device] += p.share
	}
	shared := false
	for i, p := range payloads {
		interval, err := s.interval(c, p.device)
		if err != nil {
			return err
		}
		share := 1.0
		if whole[p.device] > 0 {
			share = p.share / whole[p.device]
		}
		if share == 0 {
			s.note(l10n.New("Payload %d is never chosen: its share is 0.", i+1))
			continue
		}
		shared = shared || share < 1
		name := "simulator"
		if len(payloads) > 1 {
			name = fmt.Sprint("simulator-", i+1)
		}
		e := savefile.Stream{Name: name, Template: p.body, ContentType: "application/json", Burst: "1", Variables: variables, Properties: properties,
			Interval: strconv.Itoa(min(max(int(math.Round(interval/share)), 1), MaxInterval)), Count: strconv.Itoa(int(math.Round(float64(count) * share)))}
		if count > 0 && e.Count == "0" { // which would be unlimited
			e.Count = "1"
		}
		if p.fixed {
			e.Variables = []savefile.Variable{}
			if strings.Contains(p.body, "$.") {
				s.note(l10n.New("The fixed payload %d holds $. and a name: here it stands for a value.", i+1))
			}
		}
		if p.filler > 0 {
			e.Template, e.Variables = "$.Fill", []savefile.Variable{{Name: "Fill", Kind: "text", Values: strconv.Itoa(p.filler)}}
			s.note(l10n.New("The %d bytes of payload %d are letters and digits by chance here, and not zeros.", p.filler, i+1))
		}
		if !makesJSON(&e) {
			e.ContentType = "text/plain"
			s.note(l10n.New("The messages of %s are no JSON: their content-type is text/plain.", e.Name))
		}
		if p.device != "" {
			s.note(l10n.New("Payload %d is for the device %s alone; here the connected device sends it.", i+1, p.device))
		}
		s.Streams = append(s.Streams, e)
	}
	if shared {
		s.note(l10n.New("Payloads that the simulator draws by chance are streams of their own here: each comes as often as its share says, but not in a random order, and each counts its own variables."))
	}
	return nil
}

// makesJSON reports whether the stream's first message is JSON. A template that cannot be compiled counts as JSON, because its form
// shows the error.
func makesJSON(e *savefile.Stream) bool {
	t, err := Compile(sourceOf(e), time.Unix(0, 0))
	return err != nil || json.Valid(t.Next(time.Unix(0, 0)))
}

// sourceOf returns the template of an imported stream.
func sourceOf(e *savefile.Stream) Source {
	source := Source{Body: e.Template, Properties: savefile.Bag(e.Properties), DeviceID: "device"}
	for _, v := range e.Variables {
		source.Variables = append(source.Variables, Variable{Name: v.Name, Kind: v.Kind, Args: v.Values})
	}
	return source
}

// interval returns the interval of a device, or of all devices if device is empty, in ms.
func (s *Import) interval(c *simulatorConfig, device string) (float64, error) {
	interval, err := c.number("Interval", simulatorInterval)
	if err == nil && interval < 1 {
		err = l10n.New("Interval must be more than 0")
	}
	if err != nil {
		return 0, err
	}
	list, err := members(c.raw("Intervals"))
	if err != nil {
		return 0, savefile.Misplaced(l10n.New("Intervals"), err)
	}
	for _, m := range list {
		if m.name != device {
			continue
		}
		var one json.Number
		var many []json.Number
		if decodeNumbers(string(m.raw), &one) != nil && (decodeNumbers(string(m.raw), &many) != nil || len(many) == 0) {
			return 0, l10n.New("Intervals: that of %s is no number of milliseconds", device)
		}
		if many == nil {
			f, err := one.Float64()
			return f, err
		}
		sum := 0.0
		for _, n := range many {
			f, _ := n.Float64() // it was decoded from JSON
			sum += f
		}
		mean := math.Round(sum / float64(len(many)))
		s.note(l10n.New("The intervals of %s change from message to message: its stream has their mean, %d ms.", device, int(mean)))
		return mean, nil
	}
	return float64(interval), nil
}

// header returns the template of the application properties.
func (s *Import) header(c *simulatorConfig) ([]savefile.Property, error) {
	out := []savefile.Property{}
	text := c.textOf("Header")
	if strings.TrimSpace(text) == "" {
		return out, nil
	}
	raw, err := strictJSON(l10n.New("Header"), text)
	if err != nil {
		return nil, err
	}
	list, err := members(raw)
	if err != nil {
		return nil, l10n.New("Header is no JSON object of names and values")
	}
	for _, m := range list {
		v := textOfRaw(m.raw)
		out = append(out, savefile.Property{Name: m.name, Value: &v})
	}
	return out, nil
}

// addNotes adds a note for each parameter that has no equivalent in the page.
func (s *Import) addNotes(c *simulatorConfig) {
	if n, err := c.number("DeviceCount", 1); err == nil && n > 1 || strings.ContainsAny(c.textOf("DeviceList"), ",;") {
		s.note(l10n.New("The configuration has several devices; this page is one, and sends as the one that is connected."))
	}
	if n, err := c.number("DuplicateEvery", 0); err == nil && n > 0 {
		s.note(l10n.New("DuplicateEvery was left out: a stream sends no message twice."))
	}
	known := []string{"Template", "Variables", "Interval", "MessageCount", "Header", "Payloads", "PayloadDistribution", "FixPayload", "FixPayloadSize", "Intervals",
		"DeviceCount", "DeviceList", "DevicePrefix", "DeviceIndex", "DuplicateEvery"}
	for _, m := range c.members {
		switch name := m.name; {
		case strings.EqualFold(name, "IotHubConnectionString"):
			s.note(l10n.New("%s was not read: the page sends as the device that is connected, and keeps no hub's key.", name))
		case slices.ContainsFunc([]string{"EventHubConnectionString", "KafkaConnectionProperties", "KafkaTopic", "PartitionKey"}, func(other string) bool { return strings.EqualFold(name, other) }):
			s.note(l10n.New("%s was left out: it is for Event Hubs or Kafka.", name))
		case !slices.ContainsFunc(known, func(other string) bool { return strings.EqualFold(name, other) }) && !strings.Contains(c.textOf("PayloadDistribution"), name):
			s.note(l10n.New("%s was left out: it is no parameter that this page knows.", hubproto.Redact(name)))
		}
	}
}
