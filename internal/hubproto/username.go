package hubproto

import (
	"errors"
	"strings"
)

// A Username is the user name of CONNECT taken apart: a device or module of a hub (Host, DeviceID, ModuleID), or a registration of
// DPS (IDScope, RegistrationID).
type Username struct {
	Host, DeviceID, ModuleID string // ModuleID is empty for a device
	IDScope, RegistrationID  string // DPS only

	APIVersion string // empty when the oldest form left it out; methods and twins then do not work at the hub
	ClientType string // DeviceClientType, or ClientVersion at DPS: what software the device runs
	ModelID    string // IoT Plug and Play model, a DTMI
}

// IsDPS reports whether u is meant for the provisioning service.
func (u Username) IsDPS() bool { return u.IDScope != "" }

// ClientID is the MQTT client identifier that goes with a device, or a module when moduleID is not empty.
func ClientID(deviceID, moduleID string) string {
	if moduleID == "" {
		return deviceID
	}
	return deviceID + "/" + moduleID
}

// questionMarkSince is the first version that is written behind a question mark.
const questionMarkSince = "2018-06-30"

// OldUsername reports whether a version's user name is one of the old forms, without a question mark: only devices have it.
func OldUsername(apiVersion string) bool { return apiVersion < questionMarkSince } // versions are dates

// String returns the form that belongs to the version: "{host}/{device}[/{module}]/?api-version=…" as the current documents
// show it, without the question mark for versions before 2018-06-30, and "{host}/{device}" alone without a version, which
// leaves no room for the other parameters. DPS knows "{scope}/registrations/{id}/api-version=…" only. Host and ids are not
// escaped, the parameters are.
func (u Username) String() string {
	if u.IsDPS() {
		s := u.IDScope + "/registrations/" + u.RegistrationID + "/api-version=" + escape(u.APIVersion)
		if u.ClientType != "" {
			s += "&ClientVersion=" + escape(u.ClientType)
		}
		return s
	}
	s := u.Host + "/" + ClientID(u.DeviceID, u.ModuleID)
	if u.APIVersion == "" {
		return s
	}
	s += "/"
	if !OldUsername(u.APIVersion) {
		s += "?"
	}
	s += "api-version=" + escape(u.APIVersion)
	if u.ModelID != "" {
		s += "&model-id=" + escape(u.ModelID)
	}
	if u.ClientType != "" {
		s += "&DeviceClientType=" + escape(u.ClientType)
	}
	return s
}

// ParseUsername reads every form that the SDKs send: with the parameters in any order, with or without the question mark
// before them, escaped or not, and the oldest without parameters. Parameters that it does not know are ignored.
func ParseUsername(s string) (Username, error) {
	var u Username
	parts := strings.Split(s, "/")
	var path []string
	for i, part := range parts {
		// Joined again, since an unescaped client type may hold slashes.
		if i >= 2 && (strings.HasPrefix(part, "?") || strings.Contains(part, "api-version=")) {
			if err := u.parseParameters(strings.Join(parts[i:], "/")); err != nil {
				return Username{}, err
			}
			break
		}
		path = append(path, part)
	}
	if n := len(path); n > 2 && path[n-1] == "" {
		path = path[:n-1] // "{hub}/{device}/"
	}
	for _, segment := range path {
		if segment == "" {
			return Username{}, errors.New("user name has an empty part: write {hub}/{device}/?api-version=" + APIVersion)
		}
	}
	switch {
	// A hub's name has a dot, or a port when it is an emulator; an ID scope has neither.
	case len(path) == 3 && path[1] == "registrations" && !strings.ContainsAny(path[0], ".:"):
		u.IDScope, u.RegistrationID = path[0], path[2]
	case len(path) == 2:
		u.Host, u.DeviceID = path[0], path[1]
	case len(path) == 3:
		u.Host, u.DeviceID, u.ModuleID = path[0], path[1], path[2]
	default:
		return Username{}, errors.New("user name names no device: write {hub}/{device}/?api-version=" + APIVersion)
	}
	return u, nil
}

func (u *Username) parseParameters(query string) error {
	for field := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
		name, value, _ := strings.Cut(field, "=")
		value, err := unescape(value)
		if err != nil {
			return errors.New("user name has a parameter with a broken % escape: percent-encode it again")
		}
		switch name {
		case "api-version":
			u.APIVersion = value
		case "DeviceClientType", "ClientVersion":
			u.ClientType = value
		case "model-id":
			u.ModelID = value
		}
	}
	return nil
}
