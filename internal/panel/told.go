package panel

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/wire"
)

// told is a text that waits for its language: an error that the panel itself makes, or a part of one. What makes an error
// often does not hold the panel's lock, and so does not know the page's language; what shows it does.
type told struct {
	english string
	values  []any
}

// tell makes an error, or a part of one, that can be said in every language. english is always a literal, which
// TestLanguages finds in the code; a value that is an error is the cause, and its verb is %v.
func tell(english string, values ...any) *told { return &told{english, values} }

// Error is the text in English.
func (t *told) Error() string { return t.in(English) }

// Unwrap returns the causes.
func (t *told) Unwrap() (causes []error) {
	for _, v := range t.values {
		if err, ok := v.(error); ok {
			causes = append(causes, err)
		}
	}
	return causes
}

func (t *told) in(l Lang) string {
	values := make([]any, len(t.values))
	for i, v := range t.values {
		if err, ok := v.(error); ok {
			v = l.words(err)
		}
		values[i] = v
	}
	return l.say(t.english, values...)
}

// meaning says what a packet means; package wire's texts stand in the catalogs as the panel's own do.
func (l Lang) meaning(t wire.Text) string { return l.say(t.Format, t.Values...) }

// sentence is an error for a person, in the language if the panel made it, and without secrets.
func (l Lang) sentence(err error) string {
	return hubproto.Redact(punctuated(l.words(err), l))
}

// words are an error's, in the language if the panel made it.
func (l Lang) words(err error) string {
	switch e := err.(type) {
	case *told:
		return e.in(l)
	case interface{ told() *told }:
		return e.told().in(l)
	}
	return packageNames.Replace(err.Error())
}

// sentence is Lang.sentence in the page's language. The panel's lock is held, as in every view.
func (p *Panel) sentence(err error) string { return p.lang.sentence(err) }

// resultOf is what a form shows after its action: ok, or the error as a sentence. The panel's lock is held.
func (p *Panel) resultOf(err error, ok string) result {
	if err != nil {
		return result{text: p.sentence(err)}
	}
	return result{ok: true, text: ok}
}

// punctuated makes a sentence: it begins with a capital letter and ends with a full stop of the language.
func punctuated(s string, l Lang) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[n:]
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".!?。！？", last) {
		if l == SimplifiedChinese || l == TraditionalChinese {
			return s + "。"
		}
		s += "."
	}
	return s
}
