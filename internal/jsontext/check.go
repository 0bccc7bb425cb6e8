package jsontext

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// SyntaxError is the place at which a text is not JSON, as an editor counts: the first line and the first column are 1.
type SyntaxError struct {
	Line, Column int
	message      *l10n.Message
}

func (e *SyntaxError) Error() string { return e.message.Error() }

// Localize implements l10n.Localizable.
func (e *SyntaxError) Localize() (format string, values []any) { return e.message.Localize() }

// Unwrap returns encoding/json's error.
func (e *SyntaxError) Unwrap() []error { return e.message.Unwrap() }

// Check returns a *SyntaxError if the text is not JSON. what names the text: "The payload".
func Check(what, s string) error {
	var v any
	err := json.Unmarshal([]byte(s), &v)
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return l10n.New("%v is not JSON: %v", &l10n.Message{Format: what}, err)
	}
	upTo := s[:min(int(max(syntax.Offset-1, 0)), len(s))]
	line := 1 + strings.Count(upTo, "\n")
	column := 1 + utf8.RuneCountInString(upTo[strings.LastIndex(upTo, "\n")+1:])
	return &SyntaxError{line, column,
		l10n.New("%v is not JSON: line %d, column %d: %v", &l10n.Message{Format: what}, line, column, mistake{syntax, s[len(upTo):]})}
}

// mistake is the mistake at a place. In English it has encoding/json's words.
type mistake struct {
	*json.SyntaxError
	rest string // from the place on
}

// Localize implements l10n.Localizable.
func (m mistake) Localize() (format string, values []any) {
	r, n := utf8.DecodeRuneInString(m.rest)
	if n == 0 || strings.TrimSpace(m.rest) == "" {
		return l10n.New("it ends too early").Localize()
	}
	return l10n.New("%q does not belong there", r).Localize()
}

// CheckObject is Check for a text that must be an object, such as a patch.
func CheckObject(what, s string) error {
	if err := Check(what, s); err != nil {
		return err
	}
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return l10n.New("%v must be a JSON object, for example %s", &l10n.Message{Format: what}, `{"interval": 10}`)
	}
	return nil
}

// ErrorLine returns the line of a *SyntaxError in err's tree, or 0.
func ErrorLine(err error) int {
	if e, ok := errors.AsType[*SyntaxError](err); ok {
		return e.Line
	}
	return 0
}
