package hubproto

import (
	"strings"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// ValidDeviceID reports whether id may name a device or a module: 1 to 128 ASCII letters, digits and
// - : . + % _ # * ? ! ( ) , = @ $ ' ("Understand the identity registry", device identity properties; the colon is in the REST
// API's description of deviceId, and DPS makes device ids of registration ids, which may hold it). Case matters. The semicolon that
// the API's description has too is left out: such an id could not be a part of a connection string.
func ValidDeviceID(id string) error {
	return validID(l10n.New("device id"), id, "-:.+%_#*?!(),=@$'")
}

// ValidRegistrationID reports whether id may name a DPS registration: 1 to 128 ASCII letters, digits and - . _ :, the
// last one a letter, a digit or a dash ("DPS service concepts", registration ID). Case does not matter to DPS.
func ValidRegistrationID(id string) error {
	if err := validID(l10n.New("registration id"), id, "-._:"); err != nil {
		return err
	}
	if last := id[len(id)-1]; !isAlnum(last) && last != '-' {
		return l10n.New("registration id ends with %q: end it with a letter, a digit or a dash", last)
	}
	return nil
}

// ValidMethodName reports whether name may name a direct method: 1 to 128 printable ASCII characters without
// $ ( ) < > @ , ; : \ " / [ ] ? = { } and space ("Understand direct methods", method lifecycle).
func ValidMethodName(name string) error {
	if name == "" || len(name) > MaxIDLength {
		return l10n.New("method name has %d characters: give it 1 to %d", len(name), MaxIDLength)
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || strings.IndexByte(`$()<>@,;:\"/[]?={}`, c) >= 0 {
			return l10n.New("method name holds %q: use letters, digits, - . _ and *", name[i])
		}
	}
	return nil
}

func validID(what *l10n.Message, id, punctuation string) error {
	if id == "" {
		return l10n.New("%v is empty: give it 1 to %d characters", what, MaxIDLength)
	}
	if len(id) > MaxIDLength {
		return l10n.New("%v has %d bytes: at most %d are allowed", what, len(id), MaxIDLength)
	}
	for _, r := range id {
		if r > '~' || !isAlnum(byte(r)) && strings.IndexByte(punctuation, byte(r)) < 0 {
			return l10n.New("%v holds %q: use ASCII letters, digits and %s", what, r, punctuation)
		}
	}
	return nil
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
