package panel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Probes are what the connection doctor asks of the browser. Nil functions mean that it cannot be asked.
type Probes struct {
	Origin  string // the page's own
	Secure  bool   // in a secure context
	Online  func() bool
	Reach   func(ctx context.Context, url string) error // see doctor.Env
	Browser string                                      // as it names itself
}

// diagnosis is the state of the connection doctor.
type diagnosis struct {
	stop     context.CancelFunc // nil: it does not run
	count    int                // of examinations, the one that runs included
	evidence doctor.Evidence
	has      bool // evidence is there
	idle     bool // what runs is the longer check
	minutes  field
	console  field
	unknown  bool // the console's line names no cause
	copied   result

	// What it learns from the device's life.
	links     []doctor.Link
	since     time.Time // when the connection was made; zero: there is none
	heard     time.Time // when the last packet went over it
	said      []hubSaid
	saidCount int
	news      chan struct{} // closed when said grows
}

// hubSaid is a line of trouble in the operations log of the emulator.
type hubSaid struct {
	number int
	device string
	line   doctor.HubLine
}

// The bounds of what is kept for the doctor.
const (
	keptLinks = 20
	keptSaid  = 100
)

func newDiagnosis() diagnosis {
	d := diagnosis{news: make(chan struct{})}
	d.minutes.set("5")
	return d
}

// linkChanged follows the device's connections.
func (d *diagnosis) linkChanged(now time.Time, before, s hubclient.State) {
	switch {
	case s.Phase == hubclient.Connected && before.Phase != hubclient.Connected:
		d.since, d.heard = now, now
	case s.Phase != hubclient.Connected && !d.since.IsZero():
		planned := s.Err == nil
		d.links = append(d.links, doctor.Link{Lasted: now.Sub(d.since), Quiet: now.Sub(d.heard), Planned: planned, Clean: errors.Is(s.Err, io.EOF)})
		d.links = d.links[max(0, len(d.links)-keptLinks):]
		d.since = time.Time{}
	}
}

// hubTrouble keeps a line of the emulator's log for the doctor.
func (d *diagnosis) hubTrouble(device string, line doctor.HubLine) {
	d.saidCount++
	d.said = append(d.said, hubSaid{d.saidCount, device, line})
	d.said = d.said[max(0, len(d.said)-keptSaid):]
	close(d.news)
	d.news = make(chan struct{})
}

// hubLog is doctor.Env.HubLog for a device of the emulator.
func (p *Panel) hubLog(device string) func() func(context.Context) []doctor.HubLine {
	return func() func(context.Context) []doctor.HubLine {
		p.mu.Lock()
		mark := p.diagnosis.saidCount
		p.mu.Unlock()
		return func(ctx context.Context) (lines []doctor.HubLine) {
			for {
				p.mu.Lock()
				news := p.diagnosis.news
				for _, s := range p.diagnosis.said {
					if s.number > mark && s.device == device {
						lines = append(lines, s.line)
					}
				}
				p.mu.Unlock()
				if len(lines) > 0 {
					return lines
				}
				select {
				case <-news:
				case <-ctx.Done():
					return nil
				}
			}
		}
	}
}

// subjectLocked is whom the doctor examines: the device whose session runs or was refused, or the one in the form.
func (p *Panel) subjectLocked() doctor.Subject {
	d := &p.device
	s := settings{d.credentials, d.options}
	if !d.running() {
		var err error
		if s, err = d.settings(); err != nil {
			var part *hubclient.ConnectionStringError
			return doctor.Subject{Err: err, HubLevel: errors.As(err, &part) && part.Part == "SharedAccessKeyName"}
		}
	}
	cr := s.credentials
	endpoint := s.options.Endpoint
	if endpoint == "" && cr.Gateway == "" {
		endpoint = p.endpoint(cr.Host)
	}
	if endpoint == "" {
		name := cr.Host
		if cr.Gateway != "" {
			name = cr.Gateway
		}
		endpoint = hubproto.WebSocketURL(name)
	}
	return doctor.Subject{Host: cr.Host, URL: endpoint, DeviceID: cr.DeviceID, ModuleID: cr.ModuleID,
		Key: cr.Key, Token: cr.SharedAccessSignature, X509: cr.X509, CleanSession: s.options.CleanSession}
}

// examinationLocked is the doctor's surroundings for a subject.
func (p *Panel) examinationLocked(s *doctor.Subject) doctor.Env {
	probes := p.env.Probes
	env := doctor.Env{Origin: probes.Origin, Secure: probes.Secure, Online: probes.Online, Reach: probes.Reach,
		Open: p.env.dialer(p), ServerTime: p.env.ServerTime, History: slices.Clone(p.diagnosis.links)}
	env.Trace = func(sent bool, size int, packet mqttcodec.Packet) {
		direction := hubclient.Received
		if sent {
			direction = hubclient.Sent
		}
		p.traced(hubclient.Traced{Direction: direction, Size: size, Packet: packet})
	}
	if p.env.Params.Patience > 0 {
		env.Limits = doctor.Patience(p.env.Params.Patience)
	}
	if s.Host == inPageHost {
		env.Reach = nil
	}
	if p.cloud.fetch != nil && s.Host == p.cloud.info.HubHostName {
		env.HubLog = p.hubLog(s.DeviceID)
	}
	return env
}

// mustAskLocked says whether signing in would end a connection that works, which the person has to agree to.
func (p *Panel) mustAskLocked() bool {
	return p.device.running() && p.device.state.Phase == hubclient.Connected
}

// FindOutWhy shows the doctor and lets it begin.
func (p *Panel) FindOutWhy() {
	p.Show(TopicDiagnose)
	p.Diagnose(false)
}

// Diagnose examines the connection. agreed is whether the device may be taken offline for it, if it is connected.
func (p *Panel) Diagnose(agreed bool) {
	p.mu.Lock()
	subject := p.subjectLocked()
	env := p.examinationLocked(&subject)
	signIn := agreed || !p.mustAskLocked()
	p.mu.Unlock()
	p.examine(signIn, false, func(ctx context.Context, report func(doctor.Evidence)) doctor.Evidence {
		return doctor.Run(ctx, env, subject, signIn, report)
	}, subject)
}

// WatchIdle is the longer check: a connection on which nothing goes, for the minutes on the page.
func (p *Panel) WatchIdle() {
	p.mu.Lock()
	minutes, err := wholeUnits(l10n.New("time"), &p.diagnosis.minutes, time.Minute, time.Hour)
	if minutes == 0 {
		minutes = 5 * time.Minute
	}
	subject := p.subjectLocked()
	env := p.examinationLocked(&subject)
	before := p.diagnosis.evidence
	p.mu.Unlock()
	if err == nil {
		err = subject.Err
	}
	if err != nil {
		p.fail("diagnose", err)
		return
	}
	p.examine(true, true, func(ctx context.Context, report func(doctor.Evidence)) doctor.Evidence {
		return doctor.RunIdle(ctx, env, subject, before, minutes, report)
	}, subject)
}

// examine runs the doctor. The device's own session ends meanwhile if the doctor signs in, since the hub lets an identity have one
// connection, and begins again afterwards.
func (p *Panel) examine(signIn, idle bool, do func(context.Context, func(doctor.Evidence)) doctor.Evidence, subject doctor.Subject) {
	p.mu.Lock()
	if p.diagnosis.stop != nil {
		p.mu.Unlock()
		return
	}
	ctx, stop := context.WithCancel(p.ctx)
	d := &p.diagnosis
	d.count++
	d.stop, d.idle, d.unknown, d.copied = stop, idle, false, result{}
	if !idle {
		d.evidence, d.has = doctor.Evidence{Subject: doctor.Subject{Host: subject.Host, URL: subject.URL}}, true
		d.console.set("")
	}
	pause := signIn && p.device.running()
	again := settings{p.device.credentials, p.device.options}
	over := p.device.done
	p.mu.Unlock()
	p.start("the connection doctor", func(context.Context) {
		defer p.update(func() { p.diagnosis.stop = nil })
		defer stop()
		if pause {
			p.Disconnect()
			<-over
		}
		evidence := do(ctx, func(e doctor.Evidence) {
			p.update(func() { p.diagnosis.evidence, p.diagnosis.has = e, true })
		})
		p.update(func() { p.diagnosis.evidence, p.diagnosis.has = evidence, true })
		p.mu.Lock()
		connected := p.device.running() // the person was faster
		p.mu.Unlock()
		if pause && !connected && p.ctx.Err() == nil {
			p.connectAs(again)
		}
	})
}

// StopDiagnosis ends the examination with what it has.
func (p *Panel) StopDiagnosis() {
	p.mu.Lock()
	stop := p.diagnosis.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// ReadConsole takes the line of the browser's console into the evidence.
func (p *Panel) ReadConsole(line string) {
	p.update(func() {
		d := &p.diagnosis
		d.console.text = line
		d.evidence.Console, d.unknown = "", false
		if strings.TrimSpace(line) == "" {
			return
		}
		cause, ok := doctor.ReadConsole(line)
		d.evidence.Console, d.unknown = cause, !ok
	})
}

// reportLocked is the text for IT, in the page's language.
func (p *Panel) reportLocked() string {
	d := &p.diagnosis
	about := doctor.About{Page: version(), Browser: p.env.Probes.Browser, Now: time.Now()}
	var b strings.Builder
	for _, line := range doctor.Report(d.evidence, doctor.Judge(d.evidence), about) {
		fmt.Fprintln(&b, p.lang.Message(line))
	}
	return hubproto.Redact(b.String())
}

// version is which page this is: the module's version if it was built from one, else the commit, as the go command stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return runtime.Version()
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	return strings.TrimSpace(v + " " + info.GoVersion)
}

// CopyForIT puts the report on the clipboard.
func (p *Panel) CopyForIT() {
	p.mu.Lock()
	report := p.reportLocked()
	p.mu.Unlock()
	p.start("copy", func(ctx context.Context) {
		err := p.env.Copy(ctx, report)
		p.update(func() { p.diagnosis.copied = p.resultOf(err, p.T("It is on the clipboard.")) })
	})
}
