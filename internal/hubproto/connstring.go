package hubproto

import (
	"encoding/base64"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// A ConnectionString is a connection string taken apart. A device's or module's has DeviceID and exactly one of
// SharedAccessKey, SharedAccessSignature and X509; a service's has SharedAccessKeyName and SharedAccessKey.
type ConnectionString struct {
	HostName              string // name[:port] of the hub, or of the provisioning service
	GatewayHostName       string // name[:port] to dial in place of HostName
	DeviceID, ModuleID    string
	SharedAccessKeyName   string // the policy, in a service's string
	SharedAccessKey       []byte // decoded
	SharedAccessSignature string // a ready-made token
	X509                  bool
}

// A ConnectionStringError reports what is wrong with a connection string. It never holds a secret.
type ConnectionStringError struct {
	Part   string // the part's name as documented, such as "HostName"; empty when it is the whole string
	Reason string // in English; also what to do, if Hint is empty
	Hint   string // what to do, in English; may be empty

	reason, hint *l10n.Message
}

// wrongPart makes a ConnectionStringError. hint is nil if reason has one.
func wrongPart(part string, reason, hint *l10n.Message) *ConnectionStringError {
	e := &ConnectionStringError{Part: part, reason: reason, hint: hint}
	e.Reason = reason.Error()
	if hint != nil {
		e.Hint = hint.Error()
	}
	return e
}

func (e *ConnectionStringError) Error() string { return e.message().Error() }

// Localize returns the message apart from its values, for a program that translates it by its English format.
func (e *ConnectionStringError) Localize() (format string, values []any) {
	return e.message().Localize()
}

func (e *ConnectionStringError) message() *l10n.Message {
	var part any = e.Part
	if e.Part == unnamedPart.Format {
		part = unnamedPart
	}
	switch {
	case e.Part == "" && e.hint == nil:
		return l10n.New("connection string: %v", e.reason)
	case e.Part == "":
		return l10n.New("connection string: %v: %v", e.reason, e.hint)
	case e.hint == nil:
		return l10n.New("connection string: %v %v", part, e.reason)
	}
	return l10n.New("connection string: %v %v: %v", part, e.reason, e.hint)
}

// unnamedPart replaces the name of a part that may be a piece of a secret.
var unnamedPart = l10n.New("one part")

var pasteDevices = l10n.New("paste the device's own connection string instead (HostName=…;DeviceId=…;SharedAccessKey=…), " +
	"in the Azure portal under Devices, your device, Primary connection string")

// ParseConnectionString reads the connection string of a device or a module. The parts may come in any order and any
// letter case. Every error is a *ConnectionStringError; a hub-level string is refused with a hint at the device's own.
func ParseConnectionString(s string) (ConnectionString, error) {
	c, err := parseParts(s)
	if err != nil {
		return ConnectionString{}, err
	}
	switch {
	case c.SharedAccessKeyName != "" && isDPSHost(c.HostName):
		err = wrongPart("SharedAccessKeyName", l10n.New("says that this is the provisioning service's own string, not a device's"),
			l10n.New("to register a device, give its ID scope, registration id and key; otherwise %v", pasteDevices))
	case c.SharedAccessKeyName != "":
		err = wrongPart("SharedAccessKeyName", l10n.New("says that this is a hub-level string, which opens the whole hub"), pasteDevices)
	case c.HostName == "":
		err = missing("HostName", l10n.New("a device's string begins with HostName=…"))
	case c.DeviceID == "":
		err = missing("DeviceId", pasteDevices)
	default:
		err = checkSecrets(c)
	}
	if err != nil {
		return ConnectionString{}, err
	}
	return c, nil
}

// ParseServiceConnectionString reads a hub-level connection string, or the provisioning service's: HostName,
// SharedAccessKeyName and SharedAccessKey. Every error is a *ConnectionStringError.
func ParseServiceConnectionString(s string) (ConnectionString, error) {
	c, err := parseParts(s)
	if err != nil {
		return ConnectionString{}, err
	}
	switch {
	case c.DeviceID != "":
		err = wrongPart("DeviceId", l10n.New("says that this is a device's string"), l10n.New("paste the hub-level string of a policy (HostName=…;SharedAccessKeyName=…;SharedAccessKey=…)"))
	case c.HostName == "":
		err = missing("HostName", l10n.New("a service's string begins with HostName=…"))
	case c.SharedAccessKeyName == "":
		err = missing("SharedAccessKeyName", l10n.New("it names the policy, such as iothubowner"))
	case len(c.SharedAccessKey) == 0:
		err = missing("SharedAccessKey", l10n.New("copy the whole string, to its end"))
	}
	if err != nil {
		return ConnectionString{}, err
	}
	return c, nil
}

// String returns the whole connection string INCLUDING its secret. It is there for handing a string out; never log it.
func (c ConnectionString) String() string {
	var b strings.Builder
	add := func(name, value string) {
		if value == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(';')
		}
		b.WriteString(name + "=" + value)
	}
	add("HostName", c.HostName)
	add("DeviceId", c.DeviceID)
	add("ModuleId", c.ModuleID)
	add("SharedAccessKeyName", c.SharedAccessKeyName)
	add("SharedAccessKey", base64.StdEncoding.EncodeToString(c.SharedAccessKey))
	add("SharedAccessSignature", c.SharedAccessSignature)
	if c.X509 {
		add("x509", "true")
	}
	add("GatewayHostName", c.GatewayHostName)
	return b.String()
}

// ParseKey decodes a symmetric key from base64. Its error contains what to do, and never the key.
func ParseKey(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	key, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		var at base64.CorruptInputError
		if errors.As(err, &at) && int(at) < len(s) {
			return nil, l10n.New("is not base64 (at character %d of %d): copy the key again, whole, with every = at its end", int(at)+1, len(s))
		}
		return nil, l10n.New("is not base64 (it ends too early): copy the key again, whole, with every = at its end")
	}
	if len(key) == 0 {
		return nil, l10n.New("is empty: copy the primary or the secondary key")
	}
	return key, nil
}

func missing(part string, hint *l10n.Message) error {
	return wrongPart(part, l10n.New("is missing"), hint)
}

func parseParts(s string) (ConnectionString, error) {
	var c ConnectionString
	s = strings.TrimSpace(s)
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		s = s[1 : len(s)-1] // copied out of a shell or a JSON file
	}
	if s == "" {
		return c, wrongPart("", l10n.New("is empty"), pasteDevices)
	}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(s, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=") // the first =: keys end in some of their own
		if !found {
			return c, wrongPart("", l10n.New("has a part without = (number %d)", len(seen)+1), l10n.New("write Name=value parts with ; between them"))
		}
		name = strings.ToLower(strings.TrimSpace(name))
		value = strings.TrimSpace(value)
		if seen[name] {
			return c, wrongPart(partName(name), l10n.New("is given twice"), l10n.New("keep one of them"))
		}
		seen[name] = true
		if err := c.set(name, value); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *ConnectionString) set(name, value string) error {
	part := partName(name)
	if value == "" && part != "" {
		return wrongPart(part, l10n.New("is empty"), l10n.New("give it a value or leave the part out"))
	}
	var err error
	switch name {
	case "hostname":
		c.HostName, err = value, ValidHost(value)
	case "gatewayhostname":
		c.GatewayHostName, err = value, ValidHost(value)
	case "deviceid":
		c.DeviceID, err = value, ValidDeviceID(value)
	case "moduleid":
		c.ModuleID, err = value, ValidDeviceID(value)
	case "sharedaccesskeyname":
		c.SharedAccessKeyName = value
	case "sharedaccesskey":
		c.SharedAccessKey, err = ParseKey(value)
	case "sharedaccesssignature":
		c.SharedAccessSignature = value
		_, err = ParseSAS(value)
	case "x509":
		switch strings.ToLower(value) {
		case "true":
			c.X509 = true
		case "false":
		default:
			err = l10n.New("is neither true nor false: write x509=true")
		}
	case "endpoint", "entitypath":
		return wrongPart(partName(name), l10n.New("says that this is an Event Hubs string"), pasteDevices)
	default:
		return wrongPart(partName(name), l10n.New("is not a part of a connection string"), l10n.New("known parts are HostName, DeviceId, ModuleId, GatewayHostName, SharedAccessKey, SharedAccessSignature and x509"))
	}
	if err == nil {
		return nil
	}
	return wrongPart(part, err.(*l10n.Message), nil)
}

// partName gives a part's documented spelling. A name that is not known is repeated only when it cannot be a piece of a key
// that was pasted alone: letters only, and no longer than the longest name.
func partName(name string) string {
	for _, known := range []string{"HostName", "GatewayHostName", "DeviceId", "ModuleId", "SharedAccessKeyName",
		"SharedAccessKey", "SharedAccessSignature", "x509", "Endpoint", "EntityPath"} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	if len(name) > len("SharedAccessSignature") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
		return unnamedPart.Format
	}
	return strconv.Quote(name)
}

func checkSecrets(c ConnectionString) error {
	given := 0
	for _, is := range []bool{len(c.SharedAccessKey) > 0, c.SharedAccessSignature != "", c.X509} {
		if is {
			given++
		}
	}
	switch given {
	case 0:
		return missing("SharedAccessKey", l10n.New("copy the whole string, to its end; or give SharedAccessSignature=… or x509=true"))
	case 1:
		return nil
	}
	return wrongPart("", l10n.New("has more than one of SharedAccessKey, SharedAccessSignature and x509=true"), l10n.New("keep the one to be used"))
}

// ValidHost reports whether host is a name, or an IP address, with an optional port: no scheme and no path.
func ValidHost(host string) error {
	if strings.Contains(host, "/") {
		return l10n.New("holds a slash: give the name alone, without https:// and without a path")
	}
	name, port, hasPort := host, "", false
	if i := strings.LastIndexByte(host, ':'); i >= 0 && (host[0] != '[' || host[i-1] == ']') {
		name, port, hasPort = host[:i], host[i+1:], true
	}
	if hasPort {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return l10n.New("has a port that is not a number from 1 to 65535: write name:port, or the name alone")
		}
	}
	if strings.HasPrefix(name, "[") {
		if net.ParseIP(strings.Trim(name, "[]")) == nil {
			return l10n.New("is not an IPv6 address: write it as [::1] or [::1]:8080")
		}
		return nil
	}
	if name == "" {
		return l10n.New("is empty: give the hub's name, such as myhub.azure-devices.net")
	}
	for i := range len(name) {
		if c := name[i]; !isAlnum(c) && c != '-' && c != '.' && c != '_' {
			return l10n.New("holds %q: use letters, digits, dashes and dots, such as myhub.azure-devices.net", rune(c))
		}
	}
	if name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, "..") {
		return l10n.New("has an empty label between its dots: give it as myhub.azure-devices.net")
	}
	return nil
}
