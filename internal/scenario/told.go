package scenario

import "github.com/hubpanel/hubpanel/internal/told"

// Told is a sentence in English with the values that its verbs stand for, so that a page can say it in its language.
type Told = told.Text

// tell makes one. english is always a literal, which internal/panel's TestLanguages finds in the code.
func tell(english string, values ...any) *Told { return told.Tell(english, values...) }

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
