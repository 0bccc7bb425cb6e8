package panel

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

const (
	// maxInterval is the longest interval, in milliseconds: a day.
	maxInterval = 86_400_000
	// streamWindow is how many messages of a stream may wait for the hub's acknowledgement; then the stream waits too.
	streamWindow = 1000
	// streamCatchUp is how far a stream makes up for time in which it could not run: browsers wake a hidden page once a second.
	streamCatchUp = 2 * time.Second
	// streamSlice is how many messages of a stream are made at a time; then the page has its turn.
	streamSlice = 64
	// streamRedraw is how often a page is drawn while a stream runs.
	streamRedraw = 250 * time.Millisecond
	// recentLimit is how many sendings the list of the last ones keeps.
	recentLimit = 10
)

// streams are the telemetry that goes out by itself.
type streams struct {
	list    []*telemetryStream
	next    int
	session *hubclient.Client // whose totals rate holds
	rate    rateMeter
	recent  []*sent // oldest first

	simulator simulatorImport
}

// telemetryStream is messages made of a template, burst of them every interval.
type telemetryStream struct {
	id                           int
	name, body, contentType      field
	interval, count, burst, seed field
	variables                    []*variable
	nextVariable                 int
	properties                   propertyRows
	qos0                         bool
	open                         bool // its template is on the page

	run          int                // how often it was started
	stop         context.CancelFunc // nil: it does not run
	over         string             // why it ended, as a sentence
	held         bool               // it waits for the hub
	written      bool               // the last start was at QoS 0: what counts as acknowledged is written, no more
	made, bytes  int
	acknowledged int
	failed       int
	skipped      int // never made: they were due while the stream could not run
	drawn        uint64
	room         chan struct{} // a token when the hub has answered
	line         *streamLine
}

// sent is a run of messages that went out together.
type sent struct {
	stream  string
	first   int // the number of the first; 0: sent by hand
	count   int
	run     int // of the stream
	state   outcome
	latency time.Duration

	sent       bool // on the wire; pending without it means queued
	unanswered bool // at QoS 0: done means written
}

// streamLine is what one second of a stream is in the journal.
type streamLine struct {
	entry                  *entry
	began                  time.Time
	sent, answered, failed int
	slowest                time.Duration
}

func newStreams() streams {
	var s streams
	s.add()
	return s
}

func (s *streams) add() *telemetryStream {
	st := &telemetryStream{id: s.next, drawn: rand.Uint64()}
	s.next++
	st.name.set("stream-" + strconv.Itoa(s.next))
	st.body.set("{\n  \"temperature\": $.Temperature,\n  \"humidity\": $.Humidity,\n  \"count\": $.Count,\n  \"time\": \"$.Time\"\n}")
	st.contentType.set("application/json")
	st.interval.set("1000")
	st.count.set("0")
	st.burst.set("1")
	st.addVariable("Temperature", "walk")
	st.addVariable("Humidity", "sine")
	st.addVariable("Count", "counter")
	s.list = append(s.list, st)
	return st
}

func (s *streams) remove(id int) {
	for i, st := range s.list {
		if st.id == id {
			s.list = append(s.list[:i], s.list[i+1:]...)
			return
		}
	}
}

func (s *telemetryStream) addVariable(name, kind string) {
	v := &variable{id: s.nextVariable, kind: kind}
	s.nextVariable++
	v.name.set(name)
	v.args.set(exampleOf(kind))
	s.variables = append(s.variables, v)
}

func (s *telemetryStream) removeVariable(id int) {
	for i, v := range s.variables {
		if v.id == id {
			s.variables = append(s.variables[:i], s.variables[i+1:]...)
			return
		}
	}
}

func (s *telemetryStream) running() bool { return s.stop != nil }

// waiting is how many of its messages the hub has not answered yet.
func (s *telemetryStream) waiting() int { return s.made - s.acknowledged - s.failed }

// plan is a stream's form, read.
type plan struct {
	interval     time.Duration
	count, burst int // count 0: until it is stopped
	template     *template
	qos0         bool
	system       hubproto.SystemProperties
}

func (s *telemetryStream) plan(device string, now time.Time) (plan, error) {
	interval, err := strconv.Atoi(strings.TrimSpace(s.interval.text))
	if err != nil || interval < 1 || interval > maxInterval {
		return plan{}, l10n.New("the interval must be a number of milliseconds from 1 to 86400000 (a day)")
	}
	count, err := strconv.Atoi(strings.TrimSpace(s.count.text))
	if err != nil || count < 0 {
		return plan{}, l10n.New("the count must be a whole number; 0 sends until you stop the stream")
	}
	burst, err := strconv.Atoi(strings.TrimSpace(s.burst.text))
	if err != nil || burst < 1 || burst > streamWindow {
		return plan{}, l10n.New("the burst must be a whole number from 1 to %d", streamWindow)
	}
	t, err := s.template(device, now)
	if err != nil {
		return plan{}, err
	}
	return plan{time.Duration(interval) * time.Millisecond, count, burst, t, s.qos0, s.system()}, nil
}

// system are the system properties of the stream's messages.
func (s *telemetryStream) system() hubproto.SystemProperties {
	kind := strings.TrimSpace(s.contentType.text)
	if kind == "" {
		return hubproto.SystemProperties{}
	}
	return hubproto.SystemProperties{ContentType: kind, ContentEncoding: "utf-8"}
}

// template is the stream's, with its seed or, without one, a drawn one: the preview shows what the next start sends.
func (s *telemetryStream) template(device string, now time.Time) (*template, error) {
	seed := s.drawn
	if text := strings.TrimSpace(s.seed.text); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, l10n.New("the seed must be a whole number; without one every start draws another")
		}
	}
	return compileTemplate(s.body.text, s.properties.list(), s.variables, device, seed, now)
}

// preview is the first message that a start would send now.
func (s *telemetryStream) preview(device string, now time.Time) (string, error) {
	t, err := s.template(device, now)
	if err != nil {
		return "", err
	}
	body := string(t.next(now))
	if !isJSON(s.contentType.text) {
		return body, nil
	}
	return body, checkJSON("The message", body)
}

// StartStream lets a stream run.
func (p *Panel) StartStream(s *telemetryStream) {
	p.mu.Lock()
	device := &p.device
	client, ended, id, running := device.client, device.done, device.credentials.DeviceID, s.running()
	pl, err := s.plan(id, p.now())
	if err == nil {
		_, err = s.preview(id, p.now())
	}
	p.mu.Unlock()
	switch {
	case running:
		return
	case client == nil:
		err = errNotConnected
	}
	if err != nil {
		p.fail("stream", err)
		return
	}
	ctx, stop := context.WithCancel(p.ctx)
	p.update(func() {
		p.clearNotice("stream")
		s.run++
		s.stop, s.over, s.held, s.line, s.written = stop, "", false, nil, pl.qos0
		s.made, s.bytes, s.acknowledged, s.failed, s.skipped = 0, 0, 0, 0, 0
		s.drawn, s.room = rand.Uint64(), make(chan struct{}, 1)
	})
	p.start("a stream", func(context.Context) {
		defer stop()
		p.runStream(ctx, client, ended, s, pl)
	})
	p.start("the drawing of a stream", func(context.Context) {
		tick := time.NewTicker(streamRedraw)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				p.updateSoon(func() {})
			}
		}
	})
}

// StopStream ends a stream; what it has sent is still acknowledged.
func (p *Panel) StopStream(s *telemetryStream) {
	p.mu.Lock()
	stop := s.stop
	p.mu.Unlock()
	if stop != nil {
		stop()
	}
}

func (p *Panel) runStream(ctx context.Context, client *hubclient.Client, ended <-chan struct{}, s *telemetryStream, pl plan) {
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	scheduled := 0 // messages whose time has come, made or skipped
	for {
		select {
		case <-ctx.Done():
			p.endStream(s, func() string { return p.T("Stopped after %d messages.", s.made) })
			return
		case <-ended:
			p.endStream(s, func() string {
				return p.T("Stopped after %d messages: the device was disconnected.", s.made)
			})
			return
		case <-timer.C:
		case <-s.room:
		}
		due := (int(time.Since(began)/pl.interval)+1)*pl.burst - scheduled
		late := max(due-pl.burst*max(1, int(streamCatchUp/pl.interval)), 0)
		due, scheduled = due-late, scheduled+late
		n := p.sendStream(client, s, pl, due, late)
		scheduled += n
		p.mu.Lock()
		finished := pl.count > 0 && s.made >= pl.count
		answered := s.waiting() == 0
		p.mu.Unlock()
		switch {
		case finished && answered:
			p.endStream(s, func() string { return p.T("Done: %d messages.", s.made) })
			return
		case n == streamSlice && n < due:
			p.env.Yield()
		case finished || n < due: // the hub's answers go on
			continue
		}
		next := began.Add(time.Duration(scheduled/pl.burst) * pl.interval)
		timer.Reset(max(time.Until(next), time.Millisecond))
	}
}

// exampleOf are the arguments that a new variable of a kind begins with.
func exampleOf(kind string) string {
	for _, k := range generatorKinds {
		if k.kind == kind {
			return k.example
		}
	}
	return ""
}
