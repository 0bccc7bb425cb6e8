package hubproto

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The filters that every device may subscribe to; DeviceboundFilter and ModuleInputsFilter depend on the id.
const (
	MethodsFilter      = "$iothub/methods/POST/#"
	TwinResponseFilter = "$iothub/twin/res/#"
	TwinDesiredFilter  = "$iothub/twin/PATCH/properties/desired/#"
	DPSResponseFilter  = "$dps/registrations/res/#"
)

// The services' topics, up to their first variable part.
const (
	devicesPrefix        = "devices/"
	methodRequestPrefix  = "$iothub/methods/POST/"
	methodResponsePrefix = "$iothub/methods/res/"
	twinGetPrefix        = "$iothub/twin/GET/"
	twinReportedPrefix   = "$iothub/twin/PATCH/properties/reported/"
	twinDesiredPrefix    = "$iothub/twin/PATCH/properties/desired/"
	twinResponsePrefix   = "$iothub/twin/res/"
	dpsRegisterPrefix    = "$dps/registrations/PUT/iotdps-register/"
	dpsPollPrefix        = "$dps/registrations/GET/iotdps-get-operationstatus/"
	dpsResponsePrefix    = "$dps/registrations/res/"
)

// DeviceboundFilter selects the cloud-to-device messages of a device.
func DeviceboundFilter(deviceID string) string {
	return devicesPrefix + deviceID + "/messages/devicebound/#"
}

// ModuleInputsFilter selects the messages to a module's inputs. Some SDKs subscribe to "devices/{d}/modules/{m}/#" instead,
// which a service has to take as the same.
func ModuleInputsFilter(deviceID, moduleID string) string {
	return devicesPrefix + deviceID + "/modules/" + moduleID + "/inputs/#"
}

// A TopicKind is the purpose of a topic.
type TopicKind byte

// The kinds of topics; those above the devices' own go from the device to the service unless noted.
const (
	Unknown           TopicKind = iota
	Telemetry                   // devices/{d}[/modules/{m}]/messages/events/{bag}
	Devicebound                 // devices/{d}/messages/devicebound/{bag}, to the device
	ModuleInput                 // devices/{d}/modules/{m}/inputs/{name}/{bag}, to the module
	MethodRequest               // $iothub/methods/POST/{name}/?$rid={rid}, to the device
	MethodResponse              // $iothub/methods/res/{status}/?$rid={rid}
	TwinGet                     // $iothub/twin/GET/?$rid={rid}
	TwinPatchReported           // $iothub/twin/PATCH/properties/reported/?$rid={rid}
	TwinResponse                // $iothub/twin/res/{status}/?$rid={rid}[&$version={version}], to the device
	TwinDesired                 // $iothub/twin/PATCH/properties/desired/?$version={version}, to the device
	DPSRegister                 // $dps/registrations/PUT/iotdps-register/?$rid={rid}
	DPSPoll                     // $dps/registrations/GET/iotdps-get-operationstatus/?$rid={rid}&operationId={id}
	DPSResponse                 // $dps/registrations/res/{status}/?$rid={rid}[&retry-after={seconds}], to the device
)

var topicKindNames = [...]string{"unknown", "telemetry", "cloud-to-device message", "module input", "direct method request",
	"direct method response", "twin get", "reported properties patch", "twin response", "desired properties change",
	"DPS register", "DPS poll", "DPS response"}

// String names the kind as a person would, such as "direct method request".
func (k TopicKind) String() string {
	if int(k) >= len(topicKindNames) {
		return topicKindNames[Unknown]
	}
	return topicKindNames[k]
}

// A Topic is a topic name taken apart. Which fields are set depends on Kind.
type Topic struct {
	Kind               TopicKind
	DeviceID, ModuleID string // literal
	Name               string // the method, or the input
	RID                string // the request id: opaque, echoed exactly as it came
	OperationID        string
	Status             int
	Version            int64
	HasVersion         bool
	RetryAfter         time.Duration // whole seconds
	HasRetryAfter      bool
	Bag                string // the raw property bag, for ParseBag
}

// AppendTelemetryTopic adds to dst the topic of a message from a device, or from a module when moduleID is not empty.
func AppendTelemetryTopic(dst []byte, deviceID, moduleID string, s *SystemProperties, p Properties) []byte {
	return AppendBag(appendTelemetryPrefix(dst, deviceID, moduleID), s, p)
}

func appendTelemetryPrefix(dst []byte, deviceID, moduleID string) []byte {
	dst = append(append(dst, devicesPrefix...), deviceID...)
	if moduleID != "" {
		dst = append(append(dst, "/modules/"...), moduleID...)
	}
	return append(dst, "/messages/events/"...)
}

// String returns the topic's text; see Append.
func (t Topic) String() string { return string(t.Append(nil)) }

// Append adds the topic's text to dst. Ids, names, RID and Bag go in as they are. A topic of kind Unknown has no text.
func (t Topic) Append(dst []byte) []byte {
	switch t.Kind {
	case Telemetry:
		return append(appendTelemetryPrefix(dst, t.DeviceID, t.ModuleID), t.Bag...)
	case Devicebound:
		dst = append(append(dst, devicesPrefix...), t.DeviceID...)
		return append(append(dst, "/messages/devicebound/"...), t.Bag...)
	case ModuleInput:
		dst = append(append(dst, devicesPrefix...), t.DeviceID...)
		dst = append(append(dst, "/modules/"...), t.ModuleID...)
		dst = append(append(dst, "/inputs/"...), t.Name...)
		return append(append(dst, '/'), t.Bag...)
	case MethodRequest:
		return t.appendRID(append(append(append(dst, methodRequestPrefix...), t.Name...), '/'))
	case MethodResponse:
		return t.appendRID(append(strconv.AppendInt(append(dst, methodResponsePrefix...), int64(t.Status), 10), '/'))
	case TwinGet:
		return t.appendRID(append(dst, twinGetPrefix...))
	case TwinPatchReported:
		return t.appendRID(append(dst, twinReportedPrefix...))
	case TwinResponse:
		dst = t.appendRID(append(strconv.AppendInt(append(dst, twinResponsePrefix...), int64(t.Status), 10), '/'))
		if t.HasVersion {
			dst = strconv.AppendInt(append(dst, "&$version="...), t.Version, 10)
		}
		return dst
	case TwinDesired:
		return strconv.AppendInt(append(append(dst, twinDesiredPrefix...), "?$version="...), t.Version, 10)
	case DPSRegister:
		return t.appendRID(append(dst, dpsRegisterPrefix...))
	case DPSPoll:
		dst = t.appendRID(append(dst, dpsPollPrefix...))
		return appendEscaped(append(dst, "&operationId="...), t.OperationID)
	case DPSResponse:
		dst = t.appendRID(append(strconv.AppendInt(append(dst, dpsResponsePrefix...), int64(t.Status), 10), '/'))
		if t.HasRetryAfter {
			dst = strconv.AppendInt(append(dst, "&retry-after="...), int64(t.RetryAfter/time.Second), 10)
		}
		return dst
	}
	return dst
}

func (t Topic) appendRID(dst []byte) []byte { return append(append(dst, "?$rid="...), t.RID...) }

// ParseTopic takes a topic name apart. The error reports a topic that is none of the services', or that lacks
// a part which its kind needs.
func ParseTopic(topic string) (Topic, error) {
	if rest, ok := strings.CutPrefix(topic, devicesPrefix); ok {
		return parseDeviceTopic(rest)
	}
	for _, form := range []struct {
		prefix string
		kind   TopicKind
	}{
		{methodRequestPrefix, MethodRequest},
		{methodResponsePrefix, MethodResponse},
		{twinGetPrefix, TwinGet},
		{twinReportedPrefix, TwinPatchReported},
		{twinDesiredPrefix, TwinDesired},
		{twinResponsePrefix, TwinResponse},
		{dpsRegisterPrefix, DPSRegister},
		{dpsPollPrefix, DPSPoll},
		{dpsResponsePrefix, DPSResponse},
	} {
		if rest, ok := strings.CutPrefix(topic, form.prefix); ok {
			t := Topic{Kind: form.kind}
			if err := t.parseRest(rest); err != nil {
				return Topic{}, fmt.Errorf("%s topic: %w", form.kind, err)
			}
			return t, nil
		}
	}
	return Topic{}, errors.New("topic is none of IoT Hub's or DPS's: telemetry goes to devices/{device id}/messages/events/")
}

// parseDeviceTopic splits at slashes only: ids are literal, whatever else they hold, and a bag may hold slashes too.
func parseDeviceTopic(rest string) (Topic, error) {
	var t Topic
	var ok bool
	if t.DeviceID, rest, ok = strings.Cut(rest, "/"); !ok || t.DeviceID == "" {
		return Topic{}, errors.New("topic names no device: devices/{device id}/messages/events/")
	}
	if after, isModule := strings.CutPrefix(rest, "modules/"); isModule {
		if t.ModuleID, rest, ok = strings.Cut(after, "/"); !ok || t.ModuleID == "" {
			return Topic{}, errors.New("topic names no module: devices/{device id}/modules/{module id}/messages/events/")
		}
		if after, isInput := strings.CutPrefix(rest, "inputs/"); isInput {
			t.Kind = ModuleInput
			if t.Name, t.Bag, _ = strings.Cut(after, "/"); t.Name == "" {
				return Topic{}, errors.New("topic names no input: devices/{device id}/modules/{module id}/inputs/{input}/")
			}
			return t, nil
		}
	}
	if t.Bag, ok = strings.CutPrefix(rest, "messages/events/"); ok {
		t.Kind = Telemetry
		return t, nil
	}
	if t.Bag, ok = strings.CutPrefix(rest, "messages/devicebound/"); ok && t.ModuleID == "" {
		t.Kind = Devicebound
		return t, nil
	}
	if rest == "messages/events" || rest == "messages/devicebound" {
		return Topic{}, errors.New("topic lacks its last slash: " + rest + "/")
	}
	return Topic{}, errors.New("topic is none of a device's: devices/{device id}/messages/events/ with a property bag behind it")
}

// parseRest reads "[{segment}/]?{key}={value}&…", which all the other topics end in.
func (t *Topic) parseRest(rest string) error {
	path, query, ok := strings.Cut(rest, "?")
	if !ok {
		return errors.New("it lacks its ? and what follows")
	}
	segment, hasSegment := strings.CutSuffix(path, "/")
	switch t.Kind {
	case MethodRequest:
		if !hasSegment || segment == "" || strings.Contains(segment, "/") {
			return errors.New("it needs one method name before its ?")
		}
		t.Name = segment
	case MethodResponse, TwinResponse, DPSResponse:
		status, err := strconv.ParseInt(segment, 10, 32)
		if !hasSegment || err != nil {
			return errors.New("it needs a status, a whole number, before its ?")
		}
		t.Status = int(status)
	default:
		if path != "" {
			return errors.New("its ? has to follow the last slash")
		}
	}
	if err := t.parseQuery(query); err != nil {
		return err
	}
	switch {
	case t.Kind == TwinDesired && !t.HasVersion:
		return errors.New("it lacks its $version")
	case t.Kind != TwinDesired && t.RID == "":
		return errors.New("it lacks its $rid, the request id")
	case t.Kind == DPSPoll && t.OperationID == "":
		return errors.New("it lacks its operationId")
	}
	return nil
}

func (t *Topic) parseQuery(query string) error {
	for field := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "$rid", "%24rid":
			t.RID = value
		case "$version", "%24version":
			version, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return errors.New("its $version is not a whole number")
			}
			t.Version, t.HasVersion = version, true
		case "retry-after":
			// Anything but whole seconds is as good as none: the caller has a default.
			if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
				t.RetryAfter, t.HasRetryAfter = time.Duration(seconds)*time.Second, true
			}
		case "operationId":
			id, err := unescape(value)
			if err != nil {
				return errors.New("its operationId has a broken % escape")
			}
			t.OperationID = id
		}
	}
	return nil
}
