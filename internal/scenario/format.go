package scenario

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
)

// format is the whole document, as Parse reads it and docs/scenario.schema.json describes it.
var format = func() *object {
	var (
		name       = text{max: 64, valid: validName, pattern: `^[A-Za-z0-9][A-Za-z0-9_.-]*$`}
		deviceID   = text{max: 128, valid: hubproto.ValidDeviceID}
		line       = text{}
		patch      = anything{object: true}
		properties = table{text{empty: true, null: true}}
		duration   = func(max float64) number { return number{min: 0, max: max} }
		twin       = []member{
			{name: "tags", is: patch, about: "Tags of the twin, which only services see."},
			{name: "desired", is: patch, about: "Desired properties that the twin begins with."},
		}
		with = func(members ...member) *object { return &object{members: append(members, twin...)} }
		data = member{name: "data", is: anything{}, about: "The body: a text goes as it stands, anything else as JSON."}
	)
	hub := &object{members: []member{
		{name: "devices", is: list{of: with(member{name: "deviceId", is: deviceID, must: true}), max: maxEntities},
			about: "Devices of the registry. The first is the one that is connected where connect does not say."},
		{name: "enrollments", is: list{of: with(
			member{name: "registrationId", is: deviceID, must: true},
			member{name: "deviceId", is: deviceID, about: "What the device will be called in the hub; the registration ID if it is missing."}), max: maxEntities},
			about: "Individual enrollments of the Device Provisioning Service."},
		{name: "enrollmentGroups", is: list{of: with(member{name: "enrollmentGroupId", is: deviceID, must: true}), max: maxEntities},
			about: "Enrollment groups of the Device Provisioning Service."},
	}}
	message := []member{
		data,
		{name: "properties", is: properties, about: "Application properties. null is a property without a value."},
		{name: "messageId", is: line},
		{name: "correlationId", is: line},
	}
	send := &object{members: append(slices.Clone(message),
		member{name: "template", is: text{max: maxBody}, about: "The body instead of data, with $.Name for each variable."},
		member{name: "variables", is: table{&object{members: []member{
			{name: "kind", is: word(Kinds), must: true},
			{name: "args", is: list{of: scalar{}, max: 1000}, must: true},
		}}}, about: "Generators: kind is one of walk, sine, random, counter, choice, sequence and text."},
		member{name: "seed", is: number{max: 1 << 53, whole: true}, about: "Of this step's generators; the document's if it is missing."},
		member{name: "contentType", is: text{empty: true}},
		member{name: "contentEncoding", is: text{empty: true}},
		member{name: "msgCount", is: number{min: 1, max: maxMessages, whole: true}, about: "How many messages; 1."},
		member{name: "msgInterval", is: duration(maxStepTime), about: "Seconds between two messages; 0 is all at once."},
		member{name: "qos", is: number{min: 0, max: 1, whole: true}, about: "1 waits for the hub's acknowledgement; 0 does not."},
	)}
	steps := []member{
		{name: "connect", about: "Connects a device with its key from the registry. Done when it is connected.", is: &object{members: []member{
			{name: "deviceId", is: deviceID},
			{name: "assigned", is: boolean{}, about: "The device that the last register was answered with."},
			{name: "cleanSession", is: boolean{}},
			{name: "modelId", is: text{valid: validModel, pattern: "^dtmi:"}},
			{name: "initReportedProperties", is: patch, about: "Reported as soon as it is connected."},
		}}},
		{name: "disconnect", about: "Disconnects the device.", is: &object{}},
		{name: "register", about: "Registers with the Device Provisioning Service. Done when a hub is assigned.", is: &object{members: []member{
			{name: "registrationId", is: deviceID, must: true},
			{name: "enrollmentGroupId", is: deviceID, about: "The key is derived from this group's."},
			{name: "payload", is: anything{}},
		}}},
		{name: "send", about: "Sends telemetry. Done when the hub has acknowledged all of it.", is: send},
		{name: "report", about: "A patch of the reported properties; null deletes.", is: patch},
		{name: "answer", about: "How the device answers a direct method from now on.", is: &object{members: []member{
			{name: "methodName", is: line, must: true, about: "* is every method."},
			{name: "methodResponseCode", is: number{min: 1, max: 65535, whole: true}, about: "200 if it is missing."},
			{name: "methodResponsePayload", is: anything{}},
			{name: "delay", is: duration(300), about: "Seconds before the answer."},
		}}},
		{name: "expectTelemetry", about: "Waits for telemetry of the device that the hub has stored, behind what was expected before.", is: &object{members: []member{
			{name: "data", is: pattern{}}, {name: "properties", is: pattern{}}, {name: "systemProperties", is: pattern{}},
			{name: "count", is: number{min: 1, max: maxMessages, whole: true}, about: "How many must match; 1."},
		}}},
		{name: "c2d", about: "Sends a cloud-to-device message. Done when the hub has it.", is: &object{members: append(slices.Clone(message),
			member{name: "expiry", is: number{min: 1, max: 172_800}, about: "Seconds from now."},
			member{name: "ack", is: word{"none", "positive", "negative", "full"}})}},
		{name: "desired", about: "A patch of the desired properties by a service; null deletes.", is: patch},
		{name: "invoke", about: "Invokes a direct method. Done when the device has answered.", is: &object{members: []member{
			{name: "methodName", is: line, must: true},
			{name: "methodPayload", is: anything{}},
			{name: "responseTimeout", is: number{min: 5, max: 300, whole: true}, about: "Seconds; 30."},
			{name: "expect", is: pattern{}, about: "Compared with {\"status\": …, \"payload\": …}; a status below 300 if it is missing."},
		}}},
		{name: "expect", about: "Waits until one thing is so.", is: &object{members: []member{
			{name: "state", is: word(States), about: "Of the device's connection."},
			{name: "desired", is: pattern{}, about: "The desired properties as the device knows them."},
			{name: "reported", is: pattern{}, about: "The reported properties as the device knows them."},
			{name: "twin", is: pattern{}, about: "The twin as the hub has it: {\"tags\": …, \"desired\": …, \"reported\": …}."},
			{name: "message", is: pattern{}, about: "A cloud-to-device message that has arrived: {\"data\": …, \"properties\": …, \"messageId\": …}."},
			{name: "method", is: pattern{}, about: "A direct method that the device was called with: {\"methodName\": …, \"methodPayload\": …}."},
		}, oneOf: []string{"state", "desired", "reported", "twin", "message", "method"}}},
		{name: "wait", about: "Seconds in which nothing is done.", is: duration(maxStepTime)},
		{name: "fault", about: "Makes trouble. What is not named is off, so {} ends it.", is: &object{members: []member{
			{name: "delay", is: duration(60), about: "Seconds that everything to devices is held back."},
			{name: "drop", is: number{min: 0, max: 1}, about: "The share of packets that break the link."},
			{name: "throttle", is: boolean{}, about: "The hub is over its quota."},
			{name: "refuse", is: number{min: 1, max: 5, whole: true}, about: "The CONNACK code that every CONNECT is answered with."},
			{name: "cut", is: boolean{}, about: "Breaks the device's connection, once."},
		}}},
		{name: "screenshot", about: "A picture of that name, where the page runs under cmd/scenario.", is: name},
	}
	step := &object{members: append([]member{
		{name: "title", is: translated{}, about: "What the step is for."},
		{name: "timeout", is: duration(maxStepTime), about: "Seconds."},
		{name: "deviceId", is: deviceID, about: "The device that the step is about; the one that was connected last if it is missing."},
	}, steps...)}
	for _, s := range steps {
		step.oneOf = append(step.oneOf, s.name)
	}
	return &object{members: []member{
		{name: "$schema", is: line},
		{name: "format", is: word{Format}, must: true},
		{name: "version", is: number{min: Version, max: Version, whole: true}, must: true},
		{name: "name", is: name, must: true, about: "A word by which programs call it."},
		{name: "title", is: translated{}},
		{name: "description", is: translated{}, about: "What it shows."},
		{name: "timeout", is: duration(maxTimeout), about: "Seconds for the whole; 120."},
		{name: "stepTimeout", is: duration(maxStepTime), about: "Seconds for a step that does not say; 10."},
		{name: "seed", is: number{max: 1 << 53, whole: true}, about: "Of the generators: the same seed sends the same values."},
		{name: "hub", is: hub, about: "What the hub holds at the beginning. What has the same name is made anew."},
		{name: "steps", is: list{of: step, min: 1, max: maxSteps}, must: true},
	}}
}()

// Kinds are the generators' (internal/simulation makes the values), as Iot-Telemetry-Simulator has most of them.
var Kinds = []string{"walk", "sine", "random", "counter", "choice", "sequence", "text"}

// States are those of a device's connection.
var States = []string{"disconnected", "dialing", "connecting", "connected", "reconnecting", "refused"}

// scalar is an argument of a generator.
type scalar struct{}

func (scalar) check(at string, v any) error {
	switch s := v.(type) {
	case json.Number:
		return nil
	case string:
		if !strings.Contains(s, ",") { // it parts the arguments
			return nil
		}
	}
	return wrong(at, l10n.New("write a number, or a text without a comma"))
}

func (scalar) schema() map[string]any {
	return map[string]any{"type": []any{"number", "string"}}
}

func validName(s string) error {
	for i, c := range s {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("_.-", c)) {
			return l10n.New("use letters of ASCII and digits, and behind the first also . _ and -")
		}
	}
	return nil
}

func validModel(s string) error {
	if !strings.HasPrefix(s, "dtmi:") {
		return l10n.New("the model id is not a DTMI: it begins with dtmi:, such as dtmi:com:example:Thermostat;1")
	}
	return nil
}

// Schema is the format as a JSON Schema (draft 2020-12): what docs/scenario.schema.json holds.
func Schema() []byte {
	s := format.schema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "hubpanel scenario"
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // of strings and numbers
	}
	return append(raw, '\n')
}
