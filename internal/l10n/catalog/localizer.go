package catalog

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
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// packageNames are the prefixes of Go's errors. They tell a programmer where to look, and other readers nothing.
var packageNames = strings.NewReplacer("hubclient: ", "", "hubproto: ", "", "wsconn: ", "", "mqtt: ", "", "emulator: ", "")

// Message translates a message. A format without letters only joins its values, and has no translation.
func (l Lang) Message(m l10n.Message) string { return l.T(m.Format, l.values(m.Values)...) }

// Sentence returns an error as a sentence in the language, without secrets.
func (l Lang) Sentence(err error) string {
	return hubproto.Redact(punctuated(l.Words(err), l))
}

// Words returns an error as a part of a sentence; nil is the empty text. The words of the browser, of the operating system and of the service, and the MQTT
// rule that a packet breaks, are quoted because nobody can translate them.
func (l Lang) Words(err error) string {
	switch e := err.(type) {
	case nil:
		return ""
	case l10n.Verbatim:
		return string(e)
	case l10n.Sentence:
		return l.Sentence(e.Err)
	case *l10n.Message:
		return l.Message(*e)
	case *l10n.PluralMessage:
		return l.TN(e.N, e.One, e.Many, l.values(e.Values)...)
	}
	if l == English {
		return packageNames.Replace(err.Error())
	}
	switch e := err.(type) {
	case l10n.Localizable:
		format, values := e.Localize()
		return l.T(format, l.values(values)...)
	case *hubclient.ArgumentError:
		return l.Words(e.Unwrap())
	}
	if t := foreign(err); t != nil {
		return l.Words(t)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return l.T("the time is over")
	case errors.Is(err, context.Canceled):
		return l.T("it was cancelled")
	case err == io.EOF, err == net.ErrClosed:
		return l.T("the connection is closed")
	}
	return l.T("“%s”", packageNames.Replace(err.Error()))
}

// values are what the verbs of a text stand for, in the language.
func (l Lang) values(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case error:
			out[i] = l.Words(v)
		case mqttcodec.ConnectCode:
			out[i] = l.ConnectCode(v)
		case hubclient.Phase:
			out[i] = l.phase(v)
		default:
			out[i] = v
		}
	}
	return out
}

// ConnectCode returns the meaning of a return code of CONNACK [MQTT 3.1.1 section 3.2.2.3].
func (l Lang) ConnectCode(c mqttcodec.ConnectCode) string {
	if l == English {
		return c.String()
	}
	switch c {
	case mqttcodec.ConnectionAccepted:
		return l.T("accepted")
	case mqttcodec.UnacceptableProtocolVersion:
		return l.T("unacceptable protocol version")
	case mqttcodec.IdentifierRejected:
		return l.T("identifier rejected")
	case mqttcodec.ServerUnavailable:
		return l.T("server unavailable")
	case mqttcodec.BadUserNameOrPassword:
		return l.T("bad user name or password")
	case mqttcodec.NotAuthorized:
		return l.T("not authorized")
	}
	return c.String()
}

// phase is a phase of the connection inside a sentence.
func (l Lang) phase(p hubclient.Phase) string {
	switch p {
	case hubclient.Disconnected:
		return l.T("disconnected")
	case hubclient.Dialing:
		return l.T("dialing")
	case hubclient.Connecting:
		return l.T("connecting")
	case hubclient.Connected:
		return l.T("connected")
	case hubclient.Reconnecting:
		return l.T("reconnecting")
	case hubclient.Refused:
		return l.T("refused")
	case hubclient.Closed:
		return l.T("closed")
	}
	return fmt.Sprint(p)
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
