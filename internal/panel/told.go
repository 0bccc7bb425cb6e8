package panel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/scenario"
	said "github.com/hubpanel/hubpanel/internal/told"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// told is a text that waits for its language: an error that the panel or a package below it makes, or a part of one. What
// makes an error often does not hold the panel's lock, and so does not know the page's language; what shows it does.
type told = said.Text

// tell makes an error, or a part of one, that can be said in every language. english is always a literal, which
// TestLanguages finds in the code; a value that is an error is the cause, and its verb is %v.
func tell(english string, values ...any) *told { return said.Tell(english, values...) }

// teller is an error that can be said in every language, as hubproto's and hubclient's can.
type teller interface{ Told() *told }

// text is what a packet means, or what the doctor found: texts of other packages, which stand in the catalogs as the panel's own do.
func (l Lang) text(t said.Text) string { return l.say(t.Format, l.values(t.Values)...) }

// sentence is an error for a person, in the language, and without secrets.
func (l Lang) sentence(err error) string {
	return hubproto.Redact(punctuated(l.words(err), l))
}

// words are an error's. What nobody can translate is quoted as it came: the words of the browser, of the operating system and
// of the service, and the rule of MQTT that a packet breaks.
func (l Lang) words(err error) string {
	if l == English {
		return packageNames.Replace(err.Error())
	}
	switch e := err.(type) {
	case *told:
		return l.text(*e)
	case teller:
		return l.words(e.Told())
	case *hubclient.ArgumentError:
		return l.words(e.Unwrap())
	case worded:
		return string(e)
	case *scenario.Error:
		if e.Path == "" {
			return l.words(e.Told)
		}
		return e.Path + ": " + l.words(e.Told)
	}
	if t := foreign(err); t != nil {
		return l.words(t)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return l.say("the time is over")
	case errors.Is(err, context.Canceled):
		return l.say("it was cancelled")
	case err == io.EOF, err == net.ErrClosed:
		return l.say("the connection is closed")
	}
	return l.say("“%s”", packageNames.Replace(err.Error()))
}

// values are what the verbs of a text stand for, in the language.
func (l Lang) values(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case error:
			out[i] = l.words(v)
		case mqttcodec.ConnectCode:
			out[i] = l.connectCode(v)
		case hubclient.Phase:
			out[i] = l.phase(v)
		default:
			out[i] = v
		}
	}
	return out
}

// connectCode is a return code of CONNACK in words [MQTT 3.1.1 section 3.2.2.3].
func (l Lang) connectCode(c mqttcodec.ConnectCode) string {
	if l == English {
		return c.String()
	}
	switch c {
	case mqttcodec.ConnectionAccepted:
		return l.say("accepted")
	case mqttcodec.UnacceptableProtocolVersion:
		return l.say("unacceptable protocol version")
	case mqttcodec.IdentifierRejected:
		return l.say("identifier rejected")
	case mqttcodec.ServerUnavailable:
		return l.say("server unavailable")
	case mqttcodec.BadUserNameOrPassword:
		return l.say("bad user name or password")
	case mqttcodec.NotAuthorized:
		return l.say("not authorized")
	}
	return c.String()
}

// phase is a phase of the connection inside a sentence.
func (l Lang) phase(p hubclient.Phase) string {
	switch p {
	case hubclient.Disconnected:
		return l.say("disconnected")
	case hubclient.Dialing:
		return l.say("dialing")
	case hubclient.Connecting:
		return l.say("connecting")
	case hubclient.Connected:
		return l.say("connected")
	case hubclient.Reconnecting:
		return l.say("reconnecting")
	case hubclient.Refused:
		return l.say("refused")
	case hubclient.Closed:
		return l.say("closed")
	}
	return fmt.Sprint(p)
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
