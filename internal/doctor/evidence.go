package doctor

import (
	"context"
	"net"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// A Text is a sentence in English with the values that its verbs stand for, so that a page can translate it.
type Text = l10n.Message

// means makes a Text. Its format is always a literal, which TestCatalogs of internal/l10n/catalog finds in the code.
func means(format string, values ...any) Text { return Text{Format: format, Values: values} }

// A Subject is who could not connect, and to what.
type Subject struct {
	// Err is why what the person gave is no device at all, such as a hub-level connection string; then nothing else is set.
	Err      error
	HubLevel bool // Err is about a hub-level string

	Host               string // the hub's name, as the user name and the token have it
	URL                string // what is dialled
	DeviceID, ModuleID string
	Key                []byte // a secret; nil with a token or a certificate
	Token              string // a secret; "" with a key
	X509               bool
	CleanSession       bool // what the device itself asks for; the doctor asks for 0
}

// Env is what the surroundings give the doctor: a browser's page, or a test's network.
type Env struct {
	Origin string // of the page, such as "https://panel.example"
	Secure bool   // the page is in a secure context
	// Online is navigator.onLine. False is certain, true means little.
	Online func() bool
	// ServerTime is the clock of the page's own server. Nil: there is none to ask.
	ServerTime func(context.Context) (time.Time, error)
	// Reach sends a GET without credentials and returns nil if anything at all answered; a browser's no-cors fetch. An error that is
	// wsconn.ErrPolicy means that the page forbade it to itself. Nil: there is no network between, as to a hub inside the page.
	Reach func(ctx context.Context, url string) error
	// Open opens a WebSocket with subprotocol mqtt, as wsconn.Dial does.
	Open func(ctx context.Context, url string) (net.Conn, error)
	// HubLog marks a place in the hub's own log of operations. The function that it returns waits, until its context ends, for a line
	// of trouble with the device after that place. Nil: the hub is not the emulator, and has no such log.
	HubLog func() func(context.Context) []HubLine
	// History are the device's connections that ended, oldest first.
	History []Link
	// Trace sees every packet of the doctor's own connections, as hubclient.Options.Trace does; secrets are in it. It must not keep p.
	Trace func(sent bool, size int, p mqttcodec.Packet)
	// Limits are how long the probes may take; zero fields mean the defaults.
	Limits Limits
}

// A HubLine is an operation of the emulator's log about the device.
type HubLine struct {
	Code   int    // the service's six-digit code
	Reason string // the emulator's reason, where Code covers several; often empty
	Text   string // for people, in English
}

// A Link is a connection of the device that ended.
type Link struct {
	Lasted time.Duration // from CONNACK to its end
	Quiet  time.Duration // from the last packet to its end
	// Planned: the device itself ended it, as it does to renew a token.
	Planned bool
	// Clean: the other side closed it with a WebSocket close.
	Clean bool
}

// Limits bound the probes.
type Limits struct {
	Probe   time.Duration // a request or a handshake; default 10 s
	Connack time.Duration // default 60 s: an overloaded hub takes most of a minute
	Answer  time.Duration // SUBACK and a twin's answer; default 10 s
	Watch   time.Duration // how long the new connection is watched for a take-over; default 5 s
	HubLog  time.Duration // default 2 s
}

func (l Limits) orDefaults() Limits {
	or := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	or(&l.Probe, 10*time.Second)
	or(&l.Connack, time.Minute)
	or(&l.Answer, 10*time.Second)
	or(&l.Watch, 5*time.Second)
	or(&l.HubLog, 2*time.Second)
	return l
}

// Patience returns limits about in the proportions of the defaults, with probe for a request or a handshake.
func Patience(probe time.Duration) Limits {
	return Limits{Probe: probe, Connack: 6 * probe, Answer: probe, Watch: probe / 4, HubLog: probe / 2}
}

// A Stage is one of the doctor's checks.
type Stage string

// The stages, in their order.
const (
	StagePage      Stage = "page"
	StageOnline    Stage = "online"
	StageShape     Stage = "shape"
	StageClock     Stage = "clock"
	StageHTTPS     Stage = "https"
	StageControl   Stage = "control"
	StageUpgrade   Stage = "upgrade"
	StageNoQuery   Stage = "upgrade-no-query"
	StageConnack   Stage = "connack"
	StageSubscribe Stage = "subscribe"
	StageWatch     Stage = "watch"
	StageIdle      Stage = "idle"
)

// Stages are those that Run goes through, in order.
var Stages = []Stage{StagePage, StageOnline, StageShape, StageClock, StageHTTPS, StageControl, StageUpgrade, StageNoQuery, StageConnack, StageSubscribe, StageWatch}

// An Outcome is what came of a stage.
type Outcome string

// The outcomes.
const (
	NotRun   Outcome = ""
	Running  Outcome = "running"
	OK       Outcome = "ok"
	Failed   Outcome = "failed"
	TimedOut Outcome = "timeout" // no answer within the limit
	Noted    Outcome = "noted"   // it works, but there is something to know
	Skipped  Outcome = "skipped" // another stage made it pointless, or it has nothing to ask
)

// A Finding is what came of one stage.
type Finding struct {
	Stage   Stage
	Outcome Outcome
	At      time.Time
	Took    time.Duration
	Note    Text // what was seen, in a sentence
}

// Evidence is all that was found.
type Evidence struct {
	Subject  Subject
	Origin   string
	Began    time.Time
	Findings map[Stage]Finding
	Limit    time.Duration // of a probe

	Skew        time.Duration // how far this machine's clock is ahead of the page's server's
	SkewKnown   bool
	TokenExpiry time.Time // of the token that was given or made
	Expired     bool      // the token that was given is over, by the better clock that there is
	Policy      bool      // the page's own policy forbids the host

	// Code is the answer to CONNECT if Answered.
	Answered bool
	Code     mqttcodec.ConnectCode
	// Refused is the filter that the hub did not grant; "" for none.
	Refused string
	// Throttled: a twin GET was answered 429.
	Throttled bool
	// TakenOver counts the connections that the hub closed soon after they were made.
	TakenOver int
	HubLines  []HubLine
	History   []Link

	// Idle is how long a silent connection lasted before it was cut; 0: it was not, within IdleWatched.
	Idle, IdleWatched time.Duration

	// Console is the cause that a line of the browser's console names, "" before a person gave one.
	Console Cause
}

func (e *Evidence) outcome(s Stage) Outcome    { return e.Findings[s].Outcome }
func (e *Evidence) took(s Stage) time.Duration { return e.Findings[s].Took }
func (e *Evidence) is(s Stage, o ...Outcome) bool {
	for _, o := range o {
		if e.outcome(s) == o {
			return true
		}
	}
	return false
}

// Clone is a copy that later stages do not change.
func (e *Evidence) Clone() Evidence {
	c := *e
	c.Findings = make(map[Stage]Finding, len(e.Findings))
	for s, f := range e.Findings {
		c.Findings[s] = f
	}
	c.Subject.Key, c.Subject.Token = nil, "" // what is kept and shown holds no secret
	return c
}

// Host is the host that is dialled, as verdicts name it.
func (e *Evidence) Host() string { return e.Subject.dialled() }

// dialled is the host that is dialled: the gateway's or the endpoint's name if there is one.
func (s *Subject) dialled() string {
	if h := urlHost(s.URL); h != "" {
		return h
	}
	return s.Host
}

// resource is what a token of the subject has to cover.
func (s *Subject) resource() string { return hubproto.DeviceResource(s.Host, s.DeviceID, s.ModuleID) }
