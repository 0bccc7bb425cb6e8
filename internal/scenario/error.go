package scenario

import "github.com/hubpanel/hubpanel/internal/l10n"

// Error says what is wrong with a document, and where.
type Error struct {
	Path    string // in the document, such as "steps[2].send.msgCount"; "" for the document itself
	Message *l10n.Message
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Message.Error()
	}
	return e.Path + ": " + e.Message.Error()
}

// Localize implements l10n.Localizable.
func (e *Error) Localize() (format string, values []any) {
	if e.Path == "" {
		return e.Message.Localize()
	}
	return "%s: %v", []any{e.Path, e.Message}
}

// Unwrap returns the message.
func (e *Error) Unwrap() error { return e.Message }
