package scenario

import "fmt"

// Told is a sentence in English with the values that its verbs stand for, so that a page can say it in its language.
type Told struct {
	English string
	Values  []any
}

// tell makes one. english is always a literal, which internal/panel's TestLanguages finds in the code.
func tell(english string, values ...any) *Told { return &Told{english, values} }

// Error is the sentence in English.
func (t *Told) Error() string {
	if len(t.Values) == 0 {
		return t.English
	}
	return fmt.Sprintf(t.English, t.Values...)
}

// Unwrap returns the causes.
func (t *Told) Unwrap() (causes []error) {
	for _, v := range t.Values {
		if err, ok := v.(error); ok {
			causes = append(causes, err)
		}
	}
	return causes
}

// Error says what is wrong with a document, and where.
type Error struct {
	Path string // in the document, such as "steps[2].send.msgCount"; "" for the document itself
	Told *Told
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Told.Error()
	}
	return e.Path + ": " + e.Told.Error()
}

// Unwrap returns the sentence.
func (e *Error) Unwrap() error { return e.Told }
