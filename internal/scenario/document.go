package scenario

import (
	"encoding/json"
	"time"
)

// What a document calls itself. A reader refuses other versions.
const (
	Format  = "hubpanel-scenario"
	Version = 1
)

// What a document may ask for at most.
const (
	MaxSize     = 1 << 20 // bytes
	maxSteps    = 200
	maxEntities = 100       // devices, enrollments, groups: of each
	maxTimeout  = 3600      // seconds, of the whole
	maxStepTime = 600       // seconds, of one step
	maxMessages = 10_000    // of one step
	maxText     = 4 << 10   // bytes of a title or a description
	maxBody     = 256 << 10 // bytes of telemetry: the hub's own limit
)

// What a document that does not say gets.
const (
	defaultTimeout  = 2 * time.Minute
	defaultStepTime = 10 * time.Second
)

// Document is a scenario. Durations are in seconds, as in azure-cli.
type Document struct {
	Schema      string  `json:"$schema"`
	Format      string  `json:"format"`
	Version     int     `json:"version"`
	Name        string  `json:"name"`
	Title       Text    `json:"title"`
	Description Text    `json:"description"`
	Timeout     float64 `json:"timeout"`     // of the whole; 0: 120
	StepTimeout float64 `json:"stepTimeout"` // of each step that does not say; 0: 10
	Seed        uint64  `json:"seed"`        // of the generators
	Hub         Hub     `json:"hub"`
	Steps       []Step  `json:"steps"`
}

// Hub is what the hub holds when the scenario begins. An entry with the same name is replaced.
type Hub struct {
	Devices          []Device          `json:"devices"`
	Enrollments      []Enrollment      `json:"enrollments"`
	EnrollmentGroups []EnrollmentGroup `json:"enrollmentGroups"`
}

// Device is an entry of the device registry with its twin. The hub makes its keys.
type Device struct {
	DeviceID string `json:"deviceId"`
	Twin
}

// Twin is what a twin begins with. Reported properties are the device's to report.
type Twin struct {
	Tags    json.RawMessage `json:"tags"`
	Desired json.RawMessage `json:"desired"`
}

// Enrollment is an individual enrollment of the Device Provisioning Service.
type Enrollment struct {
	RegistrationID string `json:"registrationId"`
	DeviceID       string `json:"deviceId"` // "": the registration id
	Twin
}

// EnrollmentGroup is an enrollment group of the Device Provisioning Service.
type EnrollmentGroup struct {
	EnrollmentGroupID string `json:"enrollmentGroupId"`
	Twin
}

// Step does one thing: exactly one of its actions is set. A json.RawMessage is set when it is not empty: null is a value.
type Step struct {
	Title    Text    `json:"title"`
	Timeout  float64 `json:"timeout"`  // 0: the document's
	DeviceID string  `json:"deviceId"` // the device that the step is about; "": the one that the last connect named, else Document.Device

	Connect    *Connect        `json:"connect"`
	Disconnect *struct{}       `json:"disconnect"`
	Register   *Register       `json:"register"`
	Send       *Send           `json:"send"`
	Report     json.RawMessage `json:"report"` // a patch of the reported properties
	Answer     *Answer         `json:"answer"`
	Telemetry  *Telemetry      `json:"expectTelemetry"`
	C2D        *C2D            `json:"c2d"`
	Desired    json.RawMessage `json:"desired"` // a patch of the desired properties
	Invoke     *Invoke         `json:"invoke"`
	Expect     *Expect         `json:"expect"`
	Wait       *float64        `json:"wait"`
	Fault      *Fault          `json:"fault"`
	Screenshot *string         `json:"screenshot"` // the picture's name
}

// Connect connects a device with its key from the registry. A device that is connected is disconnected first.
type Connect struct {
	DeviceID               string          `json:"deviceId"` // "": Document.Device
	Assigned               bool            `json:"assigned"` // as Register's answer said
	CleanSession           bool            `json:"cleanSession"`
	ModelID                string          `json:"modelId"`
	InitReportedProperties json.RawMessage `json:"initReportedProperties"`
}

// Register registers with the Device Provisioning Service, with the enrollment's key from the service.
type Register struct {
	RegistrationID    string          `json:"registrationId"`
	EnrollmentGroupID string          `json:"enrollmentGroupId"` // "": an individual enrollment
	Payload           json.RawMessage `json:"payload"`
}

// Send sends telemetry, and is done when the hub has acknowledged all of it.
type Send struct {
	Data            json.RawMessage     `json:"data"`
	Template        string              `json:"template"` // instead of Data, with $.Name for each of Variables
	Variables       map[string]Variable `json:"variables"`
	Seed            *uint64             `json:"seed"` // of this step's generators; nil: the document's
	Properties      map[string]*string  `json:"properties"`
	ContentType     string              `json:"contentType"`
	ContentEncoding string              `json:"contentEncoding"`
	MessageID       string              `json:"messageId"`
	CorrelationID   string              `json:"correlationId"`
	MsgCount        int                 `json:"msgCount"`    // 0: one
	MsgInterval     float64             `json:"msgInterval"` // seconds between two; 0: all at once
	QoS             *int                `json:"qos"`         // nil: 1
}

// Variable is a generator of values in a template: one of internal/simulation's kinds, with its arguments.
type Variable struct {
	Kind string `json:"kind"`
	Args []any  `json:"args"`
}

// Answer says how the device answers a direct method from now on.
type Answer struct {
	MethodName            string          `json:"methodName"`            // "*": every method
	MethodResponseCode    int             `json:"methodResponseCode"`    // 0: 200
	MethodResponsePayload json.RawMessage `json:"methodResponsePayload"` // none: null
	Delay                 float64         `json:"delay"`
}

// Telemetry is a message that the hub must have stored, from the device, since the last one that was expected.
type Telemetry struct {
	Data             json.RawMessage `json:"data"`
	Properties       json.RawMessage `json:"properties"`
	SystemProperties json.RawMessage `json:"systemProperties"`
	Count            int             `json:"count"` // how many must match; 0: one
}

// C2D is a cloud-to-device message, done when the hub has taken it.
type C2D struct {
	Data          json.RawMessage    `json:"data"`
	Properties    map[string]*string `json:"properties"`
	MessageID     string             `json:"messageId"`
	CorrelationID string             `json:"correlationId"`
	Expiry        float64            `json:"expiry"` // seconds from now; 0: the hub's own
	Ack           string             `json:"ack"`    // none, positive, negative, full
}

// Invoke calls a direct method, and compares the answer.
type Invoke struct {
	MethodName      string          `json:"methodName"`
	MethodPayload   json.RawMessage `json:"methodPayload"`
	ResponseTimeout int             `json:"responseTimeout"` // seconds; 0: 30
	Expect          json.RawMessage `json:"expect"`          // of {"status", "payload"}; none: a status below 300
}

// Expect waits for one thing to be so: exactly one is set.
type Expect struct {
	State    string          `json:"state"`    // of the connection
	Desired  json.RawMessage `json:"desired"`  // as the device knows them
	Reported json.RawMessage `json:"reported"` // as the device knows them
	Twin     json.RawMessage `json:"twin"`     // as the hub has it: tags, desired, reported
	Message  json.RawMessage `json:"message"`  // cloud to device, that has arrived
	Method   json.RawMessage `json:"method"`   // a direct method that the device was called with
}

// Fault makes trouble. What is not named of the network's is off, so that {} ends all of it.
type Fault struct {
	Delay    float64 `json:"delay"` // seconds that everything to devices is held back
	Drop     float64 `json:"drop"`  // the share of packets that break the link, 0 to 1
	Throttle bool    `json:"throttle"`
	Refuse   int     `json:"refuse"` // a CONNACK code from 1 to 5
	Cut      bool    `json:"cut"`    // the device's connection, once
}

// Device is the one that the scenario is about where neither a step nor a connect before it says: the first that the hub begins
// with, or "" for the emulator's ready-made one.
func (d *Document) Device() string {
	if len(d.Hub.Devices) == 0 {
		return ""
	}
	return d.Hub.Devices[0].DeviceID
}

// Patience is how long the whole may take.
func (d *Document) Patience() time.Duration { return seconds(d.Timeout, defaultTimeout) }

// patience is how long a step may take. What takes time by its own words gets that on top.
func (d *Document) patience(s *Step) time.Duration {
	if s.Timeout > 0 {
		return seconds(s.Timeout, 0)
	}
	own := time.Duration(0)
	switch {
	case s.Wait != nil:
		own = seconds(*s.Wait, 0)
	case s.Send != nil:
		own = seconds(float64(s.Send.MsgCount)*s.Send.MsgInterval, 0)
	case s.Invoke != nil:
		own = time.Duration(s.Invoke.ResponseTimeout) * time.Second
	}
	return own + seconds(d.StepTimeout, defaultStepTime)
}

func seconds(s float64, otherwise time.Duration) time.Duration {
	if s <= 0 {
		return otherwise
	}
	return time.Duration(s * float64(time.Second))
}

// Text is for people: one text, or one for each language by its BCP 47 tag, with English among them.
type Text map[string]string

// UnmarshalJSON reads either form.
func (t *Text) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = Text{"en": one}
		return nil
	}
	return json.Unmarshal(raw, (*map[string]string)(t))
}

// In returns the text in a language, or in English.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t["en"]
}

// Action is what a step does, by its name in the document.
type Action string

// Action returns what the step does.
func (s *Step) Action() Action {
	switch {
	case s.Connect != nil:
		return "connect"
	case s.Disconnect != nil:
		return "disconnect"
	case s.Register != nil:
		return "register"
	case s.Send != nil:
		return "send"
	case len(s.Report) > 0:
		return "report"
	case s.Answer != nil:
		return "answer"
	case s.Telemetry != nil:
		return "expectTelemetry"
	case s.C2D != nil:
		return "c2d"
	case len(s.Desired) > 0:
		return "desired"
	case s.Invoke != nil:
		return "invoke"
	case s.Expect != nil:
		return "expect"
	case s.Wait != nil:
		return "wait"
	case s.Fault != nil:
		return "fault"
	}
	return "screenshot"
}
