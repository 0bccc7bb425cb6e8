package panel

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// simulated is what a configuration of Iot-Telemetry-Simulator comes to here: streams, and a sentence for all that is different or
// cannot be. The format is that of https://github.com/Azure-Samples/Iot-Telemetry-Simulator: README.md has the parameters and the
// variables, RunnerConfiguration.cs the payloads, TelemetryValues.cs what a variable does.
type simulated struct {
	streams []exportedStream
	notes   []*l10n.Message
}

func (s *simulated) note(english *l10n.Message) { s.notes = append(s.notes, english) }

// What the simulator takes when its configuration does not say.
const (
	simulatorInterval = 1000 // ms
	simulatorCount    = 10
	simulatorTemplate = `{"deviceId": "$.DeviceId", "time": "$.Time", "counter": $.Counter}`
)

// simulatorPayload is one of the messages that the simulator chooses from.
type simulatorPayload struct {
	device string // whose it is; empty: of every device
	share  float64
	body   string
	fixed  bool // nothing in it stands for a value
	filler int  // a body of so many bytes; 0: body is it
}

// parseSimulator reads a configuration: its JSON file, its Variables alone, a docker command, or environment variables.
func parseSimulator(text string) (*simulated, error) {
	c, err := readSimulator(text)
	if err != nil {
		return nil, err
	}
	s := &simulated{}
	variables, err := s.variables(c)
	if err != nil {
		return nil, err
	}
	payloads, err := s.payloads(c)
	if err != nil {
		return nil, err
	}
	if err := s.addStreams(c, payloads, variables); err != nil {
		return nil, err
	}
	s.remarks(c)
	if len(s.streams) == 0 {
		return s, l10n.New("nothing of this configuration can be a stream here")
	}
	return s, nil
}

// addStreams makes a stream of each payload. The simulator draws for each message which payload it has; streams of their own, as
// often as the shares say, are the nearest.
func (s *simulated) addStreams(c *simulatorConfig, payloads []simulatorPayload, variables []exportedVariable) error {
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
		e := exportedStream{Name: name, Template: p.body, ContentType: "application/json", Burst: "1", Variables: variables, Properties: properties,
			Interval: strconv.Itoa(min(max(int(math.Round(interval/share)), 1), maxInterval)), Count: strconv.Itoa(int(math.Round(float64(count) * share)))}
		if count > 0 && e.Count == "0" { // which would have no end
			e.Count = "1"
		}
		if p.fixed {
			e.Variables = []exportedVariable{}
			if strings.Contains(p.body, "$.") {
				s.note(l10n.New("The fixed payload %d holds $. and a name: here it stands for a value.", i+1))
			}
		}
		if p.filler > 0 {
			e.Template, e.Variables = "$.Fill", []exportedVariable{{"Fill", "text", strconv.Itoa(p.filler)}}
			s.note(l10n.New("The %d bytes of payload %d are letters and digits by chance here, and not zeros.", p.filler, i+1))
		}
		if !e.makesJSON() {
			e.ContentType = "text/plain"
			s.note(l10n.New("The messages of %s are no JSON: their content-type is text/plain.", e.Name))
		}
		if p.device != "" {
			s.note(l10n.New("Payload %d is for the device %s alone; here the connected device sends it.", i+1, p.device))
		}
		s.streams = append(s.streams, e)
	}
	if shared {
		s.note(l10n.New("Payloads that the simulator draws by chance are streams of their own here: each comes as often as its share says, but not in a random order, and each counts its own variables."))
	}
	return nil
}

// makesJSON says whether the stream's first message is JSON.
func (e *exportedStream) makesJSON() bool {
	var st telemetryStream
	st.restore(*e)
	t, err := st.template("device", time.Unix(0, 0))
	return err != nil || json.Valid(t.next(time.Unix(0, 0))) // what is wrong with the template, its form says
}

// interval is a device's, in ms.
func (s *simulated) interval(c *simulatorConfig, device string) (float64, error) {
	interval, err := c.number("Interval", simulatorInterval)
	if err == nil && interval < 1 {
		err = l10n.New("Interval must be more than 0")
	}
	if err != nil {
		return 0, err
	}
	list, err := members(c.raw("Intervals"))
	if err != nil {
		return 0, misplaced(l10n.New("Intervals"), err)
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
			f, _ := n.Float64() // it was a number before
			sum += f
		}
		mean := math.Round(sum / float64(len(many)))
		s.note(l10n.New("The intervals of %s change from message to message: its stream has their mean, %d ms.", device, int(mean)))
		return mean, nil
	}
	return float64(interval), nil
}

// header is the template of the application properties.
func (s *simulated) header(c *simulatorConfig) ([]exportedProperty, error) {
	out := []exportedProperty{}
	text := c.textOf("Header")
	if strings.TrimSpace(text) == "" {
		return out, nil
	}
	raw, err := relaxed(l10n.New("Header"), text)
	if err != nil {
		return nil, err
	}
	list, err := members(raw)
	if err != nil {
		return nil, l10n.New("Header is no JSON object of names and values")
	}
	for _, m := range list {
		v := textOfRaw(m.raw)
		out = append(out, exportedProperty{m.name, &v})
	}
	return out, nil
}

// distributionOf yields the parts of PayloadDistribution, "fixSize(51, 12), template(49, default)", as names in lower case and what
// stands in their parentheses. Like the simulator it reads over what it does not know.
func distributionOf(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for {
			before, after, _ := strings.Cut(text, "(")
			inside, rest, whole := strings.Cut(after, ")")
			if !whole {
				return
			}
			text = rest
			name := strings.ToLower(strings.TrimLeft(before, " \t\r\n,;"))
			if slices.Contains([]string{"fixsize", "template", "fix"}, name) && !yield(name, inside) {
				return
			}
		}
	}
}

// payloads are those that the simulator chooses from.
func (s *simulated) payloads(c *simulatorConfig) ([]simulatorPayload, error) {
	if raw := c.raw("Payloads"); len(raw) > 0 {
		return s.listedPayloads(raw)
	}
	template := c.textOf("Template")
	if strings.TrimSpace(template) == "" {
		template = simulatorTemplate
	}
	var list []simulatorPayload
	for kind, inside := range distributionOf(c.textOf("PayloadDistribution")) {
		arguments := strings.Split(inside, ",")
		share, err := strconv.ParseFloat(strings.Trim(arguments[0], " %"), 64)
		if err != nil || share < 0 {
			return nil, l10n.New("PayloadDistribution: the share of %q is no percentage", kind+"("+inside+")")
		}
		argument := ""
		if len(arguments) > 1 {
			argument = strings.TrimSpace(arguments[1])
		}
		p := simulatorPayload{share: share, body: template}
		switch kind {
		case "template":
			if argument != "" && !strings.EqualFold(argument, "default") {
				p.body = c.textOf(argument)
				if p.body == "" {
					return nil, l10n.New("PayloadDistribution: there is no template %s", argument)
				}
			}
		case "fix":
			if !s.fixed(&p, argument) {
				continue
			}
		default:
			if !s.filled(&p, argument) {
				continue
			}
		}
		list = append(list, p)
	}
	switch {
	case len(list) > 0 || c.textOf("PayloadDistribution") != "":
		return list, nil
	case c.textOf("FixPayload") != "":
		p := simulatorPayload{share: 100}
		if s.fixed(&p, c.textOf("FixPayload")) {
			list = append(list, p)
		}
		return list, nil
	}
	if size := c.textOf("FixPayloadSize"); size != "" && size != "0" {
		p := simulatorPayload{share: 100}
		if s.filled(&p, size) {
			list = append(list, p)
		}
		return list, nil
	}
	return []simulatorPayload{{share: 100, body: template}}, nil
}

// fixed makes a payload of base64, and says whether it can be one here.
func (s *simulated) fixed(p *simulatorPayload, text string) bool {
	raw, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		s.note(l10n.New("A fixed payload was left out: it is not base64."))
	case !utf8.Valid(raw):
		s.note(l10n.New("A fixed payload of %d bytes was left out: they are no text, and a stream's template is one.", len(raw)))
	default:
		p.body, p.fixed = string(raw), true
		return true
	}
	return false
}

// filled makes a payload of a size in bytes, and says whether it can be one here.
func (s *simulated) filled(p *simulatorPayload, size string) bool {
	n, err := strconv.Atoi(strings.TrimSpace(size))
	if err != nil || n < 1 || n > textLimit {
		s.note(l10n.New("A payload of fixed size was left out: its size is not from 1 to %d bytes.", textLimit))
		return false
	}
	p.filler, p.fixed = n, true
	return true
}

// listedPayloads are those of a configuration file.
func (s *simulated) listedPayloads(raw json.RawMessage) ([]simulatorPayload, error) {
	var all []struct {
		Type         string          `json:"type"`
		DeviceID     string          `json:"deviceId"`
		Distribution json.RawMessage `json:"distribution"`
		Template     json.RawMessage `json:"template"`
		Value        json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, misplaced(l10n.New("Payloads"), err)
	}
	var list []simulatorPayload
	for i, e := range all {
		p := simulatorPayload{device: e.DeviceID, share: 100}
		if len(e.Distribution) > 0 {
			share, err := strconv.ParseFloat(textOfRaw(e.Distribution), 64)
			if err != nil || share < 0 {
				return nil, l10n.New("Payloads, element %d: the distribution is no percentage", i+1)
			}
			p.share = share
		}
		switch {
		case e.Type == "template" && len(e.Template) > 0:
			p.body = textOfRaw(e.Template)
		case e.Type == "fix" && len(e.Value) > 0:
			p.body, p.fixed = textOfRaw(e.Value), true
		default:
			return nil, l10n.New("Payloads, element %d: its type is template, with a template, or fix, with a value", i+1)
		}
		list = append(list, p)
	}
	return list, nil
}

// remarks names what the configuration has and a page has not.
func (s *simulated) remarks(c *simulatorConfig) {
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
