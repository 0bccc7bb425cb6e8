package snippet

import (
	"fmt"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// environment returns the comment that explains where the program finds its secret. Its command is on one line, and safe to run
// whatever the ids hold.
func (s *Source) environment(comment string) string {
	connection := "HostName=" + s.Host + ";DeviceId=" + s.DeviceID
	if s.ModuleID != "" {
		connection += ";ModuleId=" + s.ModuleID
	}
	text := comment + " export IOTHUB_DEVICE_CONNECTION_STRING=" + bashLine(connection+";SharedAccessKey="+someKey) + "\n"
	if s.Ours {
		text += comment + " The emulator speaks TLS with its own CA, certs/ca.pem, and over 443: see docs/emulator.md.\n"
	}
	return text
}

// setSystem returns the statements that set the system properties, one a line: lines holds the library's statement for each key. A
// property that the library cannot set becomes a comment. elsewhere is the key of one that the program sets in another place.
func (s *Source) setSystem(comment string, lines map[string]string, elsewhere string) *strings.Builder {
	set := &strings.Builder{}
	for key, value := range s.System.All() {
		switch line, ok := lines[key]; {
		case key == elsewhere:
		case ok:
			fmt.Fprintf(set, line+"\n", scriptString(value))
		default:
			fmt.Fprintf(set, "%s %s (%s) is left out: this library cannot set it.\n", comment, systemName(key), key)
		}
	}
	return set
}

// outputKey returns the key of the output's name for a module, whose program passes the name when it sends.
func (s *Source) outputKey() string { return s.clientClass("", "$.on") }

// clientClass returns the name that an SDK has for a device, or for a module.
func (s *Source) clientClass(device, module string) string {
	if s.ModuleID != "" {
		return module
	}
	return device
}

// systemName returns a system property's name in the service's API.
func systemName(key string) string {
	for _, property := range hubproto.SystemPropertyTable {
		if property.Key == key {
			return property.Name
		}
	}
	return key
}
