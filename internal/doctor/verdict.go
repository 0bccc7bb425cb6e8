package doctor

import (
	"net"
	"slices"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Sureness is how far a verdict can be relied on.
type Sureness string

// The degrees.
const (
	Certain  Sureness = "certain"  // it was seen, or the hub or the browser reported it
	Likely   Sureness = "likely"   // what was seen fits this better than anything else
	Possible Sureness = "possible" // others look the same from inside a browser
)

// A Verdict is what the evidence comes to.
type Verdict struct {
	Cause    Cause
	Sentence Text
	Sure     Sureness
	From     []Text  // what it was inferred from
	Unseen   []Text  // what a browser cannot see
	Next     []Text  // what to do, the first first
	Also     []Cause // what looks the same, the likelier first
}

// browserHides is why some causes look alike.
var browserHides = means("A browser gives a page no reason for a request or a WebSocket that failed. Its console (F12) does: paste the line here, and the cause is certain.")

// Judge returns the verdict for the evidence. It is a function of the evidence alone.
func Judge(e Evidence) Verdict {
	v := e.judge()
	host := e.Host()
	v.Sentence, v.Next = v.Cause.Sentence(host), v.Cause.next(host)
	return v
}

func (e *Evidence) judge() Verdict {
	sub := &e.Subject
	switch {
	case sub.HubLevel:
		return e.certain(HubString, StageShape)
	case e.is(StageOnline, Failed):
		return e.certain(Offline, StageOnline)
	case sub.Err != nil:
		return e.certain(BadShape, StageShape)
	case e.is(StageShape, Failed):
		return e.certain(TokenElsewhere, StageShape)
	case e.Expired:
		return e.certain(TokenExpired, StageShape, StageClock)
	}
	switch {
	case e.Console != "" && !e.is(StageUpgrade, OK):
		v := e.certain(e.Console, StageHTTPS, StageUpgrade)
		v.From = append(v.From, means("The browser's console says so."))
		return v
	case e.Idle > 0:
		return e.idleCut()
	case e.is(StagePage, Failed):
		return e.certain(MixedContent, StagePage)
	case e.Policy && !e.is(StageUpgrade, OK):
		return e.certain(PagePolicy, StageUpgrade)
	case e.is(StageUpgrade, Failed, TimedOut):
		return e.noWebSocket()
	case e.outcome(StageUpgrade) != OK:
		return Verdict{Cause: Stopped, Sure: Certain}
	}
	return e.afterUpgrade()
}

// notes are what stages saw, of those that ran.
func (e *Evidence) notes(stages ...Stage) (notes []Text) {
	for _, s := range stages {
		f := e.Findings[s]
		if f.Note.Format == "" || slices.ContainsFunc(notes, func(t Text) bool { return t.String() == f.Note.String() }) {
			continue
		}
		notes = append(notes, f.Note)
	}
	return notes
}

func (e *Evidence) certain(c Cause, from ...Stage) Verdict {
	return Verdict{Cause: c, Sure: Certain, From: e.notes(from...)}
}

// noWebSocket finds out, as far as a page can, why no WebSocket opens.
func (e *Evidence) noWebSocket() Verdict {
	v := Verdict{From: e.notes(StageHTTPS, StageControl, StageUpgrade, StageNoQuery), Unseen: []Text{browserHides}}
	control := e.outcome(StageControl)
	switch {
	case e.is(StageNoQuery, OK):
		v.Cause, v.Sure, v.Unseen = QueryRefused, Certain, nil
	case e.is(StageHTTPS, OK):
		// TLS and HTTP come through. A hub accepts the upgrade, so what answers HTTP is not the hub, or does not pass it on.
		v.Cause, v.Sure, v.Also = UpgradeStripped, Likely, []Cause{HTMLAnswer, SubprotocolStripped}
		if e.took(StageUpgrade) < e.Limit && e.is(StageUpgrade, Failed) && e.is(StageControl, Failed, TimedOut) {
			// Only this name answers: a portal that answers all names would have answered the other.
			v.Also = []Cause{SubprotocolStripped, HTMLAnswer}
		}
		v.From = append(v.From, means("A hub accepts the upgrade. What answers for it does not, so it is something on the way that opens TLS."))
	case e.is(StageHTTPS, TimedOut), e.is(StageHTTPS, Skipped) && e.is(StageUpgrade, TimedOut):
		v.Cause, v.Sure = PortDropped, Likely
		v.Unseen = []Text{means("A browser does not tell a page whether the connection was made and then nothing came, or never came about: ask IT for both.")}
		v.From = append(v.From, e.wholeNetwork()...)
	case addressOnly(e.Subject.dialled()):
		v.Cause, v.Sure, v.Also = PortRefused, Likely, []Cause{ConnectionReset}
		v.From = append(v.From, means("The address needs no name server."))
		if hubproto.IsLoopback(e.Subject.dialled()) {
			v.From = append(v.From, means("It is this machine: no firewall is on the way."))
		}
	case control == OK:
		v.Cause, v.Sure, v.Also = NameNotResolved, Likely, []Cause{ConnectionReset, TLSNotTrusted, PortRefused}
		v.From = append(v.From, e.wholeNetwork()...)
	default:
		v.Cause, v.Sure, v.Also = PortRefused, Possible, []Cause{TLSNotTrusted, NameNotResolved, ConnectionReset}
		if e.Findings[StageControl].Outcome == Skipped || control == NotRun {
			v.Cause, v.Also = NameNotResolved, []Cause{PortRefused, TLSNotTrusted, ConnectionReset}
		}
		v.From = append(v.From, e.wholeNetwork()...)
	}
	return v
}

// wholeNetwork describes the result for the second name.
func (e *Evidence) wholeNetwork() []Text {
	switch e.outcome(StageControl) {
	case OK:
		return []Text{means("Another name of the same service answers, so it is this name and not the whole network.")}
	case Failed, TimedOut:
		return []Text{means("Another name of the same service does not answer either, so it is the network and not this name.")}
	}
	return nil
}

// addressOnly reports whether a host needs no name server.
func addressOnly(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return hubproto.IsLoopback(host) || net.ParseIP(name) != nil
}

// The service's codes in the emulator's log that name a cause.
var hubCodes = map[int]Cause{
	401002: WrongKey, 401003: TokenExpired, 403001: DeviceDisabled, 404001: DeviceUnknown, 404010: DeviceUnknown,
	429000: Throttled, 429001: Throttled, 400027: TakenOver,
}

// wrongSignature is the emulator's reason for a token that was signed with another key.
const wrongSignature = "wrongSignature"

// hubCause returns the cause in the hub's own log, and its line.
func (e *Evidence) hubCause() (Cause, Text, bool) {
	for _, l := range slices.Backward(e.HubLines) {
		if c, ok := hubCodes[l.Code]; ok {
			if c == WrongKey && l.Reason != wrongSignature {
				c = Connack5 // the code covers other reasons too
			}
			return c, means("The hub's log says: %s", l.Text), true
		}
	}
	return "", Text{}, false
}

// afterUpgrade judges the MQTT part of the evidence.
func (e *Evidence) afterUpgrade() Verdict {
	if c, line, ok := e.hubCause(); ok {
		v := e.certain(c, StageConnack, StageWatch)
		v.From = append(v.From, line)
		if c == TokenExpired && e.SkewKnown && e.Skew.Abs() > hubproto.MaxClockSkew {
			v.From = append(v.From, e.notes(StageClock)...)
		}
		return v
	}
	switch {
	case e.outcome(StageConnack) == NotRun:
		return e.notSignedIn()
	case e.Answered && e.Code != mqttcodec.ConnectionAccepted:
		return e.refused()
	case e.TakenOver >= takeovers:
		v := Verdict{Cause: TakenOver, Sure: Likely, From: e.notes(StageConnack, StageSubscribe, StageWatch),
			Unseen: []Text{means("MQTT 3.1.1 has no way to say why a hub closes a connection; this pattern is what a second client makes.")}}
		return v
	case e.Throttled:
		return e.certain(Throttled, StageSubscribe)
	case e.Refused != "":
		return e.certain(Subscriptions, StageSubscribe)
	case e.is(StageConnack, TimedOut, Failed):
		return Verdict{Cause: NoConnack, Sure: Likely, From: e.notes(StageUpgrade, StageConnack),
			Unseen: []Text{means("Whether CONNECT reached the hub: only its own log knows.")}}
	case e.is(StageSubscribe, TimedOut, Failed), e.is(StageWatch, Failed):
		return Verdict{Cause: Unstable, Sure: Certain, From: e.notes(StageConnack, StageSubscribe, StageWatch)}
	case e.is(StageConnack, Running, Skipped):
		return Verdict{Cause: Stopped, Sure: Certain}
	}
	return e.fromHistory()
}

// notSignedIn: the network is fine, and the rest is what is known without a CONNECT.
func (e *Evidence) notSignedIn() Verdict {
	v := e.fromHistory()
	if v.Cause == Fine {
		v.Cause = NetworkFine
	}
	v.Unseen = append(v.Unseen, means("Whether the hub accepts the device: the doctor has not signed in."))
	return v
}

// fromHistory is about a device that can connect: why its connections ended before.
func (e *Evidence) fromHistory() Verdict {
	if silence, ok := regular(e.History); ok {
		return Verdict{Cause: IdleCut, Sure: Likely, From: []Text{
			means("The device's last %d connections all broke after a silence of about %d s, without a close.", regularLinks, seconds(silence.Round(time.Second)))},
			Unseen: []Text{means("Who cuts it. The longer check below shows whether it happens again.")}}
	}
	if n := takenOver(e.History); n >= takeovers {
		return Verdict{Cause: TakenOver, Sure: Likely, From: []Text{means("The hub closed the device's last %d connections soon after they were made.", n)},
			Unseen: []Text{means("MQTT 3.1.1 has no way to say why a hub closes a connection; this pattern is what a second client makes.")}}
	}
	return Verdict{Cause: Fine, Sure: Certain, From: e.notes(StageHTTPS, StageUpgrade, StageConnack, StageSubscribe, StageWatch, StageIdle)}
}

// refused narrows down what a refusal of CONNECT can mean.
func (e *Evidence) refused() Verdict {
	v := Verdict{Sure: Certain, From: e.notes(StageConnack)}
	switch e.Code {
	case mqttcodec.UnacceptableProtocolVersion:
		v.Cause = Connack1
		return v
	case mqttcodec.IdentifierRejected:
		v.Cause = Connack2
		return v
	case mqttcodec.ServerUnavailable:
		v.Cause = Connack3
		return v
	case mqttcodec.BadUserNameOrPassword:
		v.Cause = Connack4
	default:
		v.Cause = Connack5
	}
	if e.SkewKnown && e.Skew.Abs() > hubproto.MaxClockSkew {
		v.Cause, v.Sure = TokenNotYetValid, Likely
		if e.Skew < 0 {
			v.Cause = TokenExpired
		}
		v.From = append(v.From, e.notes(StageClock)...)
		v.Also = []Cause{Connack5}
		return v
	}
	v.From = append(v.From, e.notes(StageShape, StageClock)...)
	v.Unseen = []Text{means("A hub answers 5 whatever its reason. What is left: a wrong key, a device that does not exist or is disabled, a used-up quota, or a hub that is overloaded.")}
	v.Also = []Cause{WrongKey, DeviceUnknown, DeviceDisabled, Throttled, TokenExpired}
	return v
}

func (e *Evidence) idleCut() Verdict {
	v := Verdict{Cause: IdleCut, Sure: Certain, From: e.notes(StageIdle), Unseen: []Text{means("Who cuts it: a proxy, a firewall, a load balancer or a router that translates addresses.")}}
	if silence, ok := regular(e.History); ok {
		v.From = append(v.From, means("The device's last %d connections all broke after a silence of about %d s, without a close.", regularLinks, seconds(silence.Round(time.Second))))
	}
	return v
}
