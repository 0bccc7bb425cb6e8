package diagnosis

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/doctor"
	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// examination is a run of the doctor.
type examination struct {
	ctx       context.Context
	cancel    context.CancelFunc
	ended     chan struct{} // closed when nothing of it runs any more
	forgotten bool          // its result is not shown; guarded by the page's lock
}

// A procedure is what the doctor does in an examination: doctor.Run or doctor.RunIdle.
type procedure func(ctx context.Context, report func(doctor.Evidence)) doctor.Evidence

// subject returns the device that the doctor examines: the one of the connection, or the one in the form. The lock is held.
func (room *Room) subject() doctor.Subject {
	credentials, options, err := room.Links.Device()
	if err != nil {
		var part *hubclient.ConnectionStringError
		return doctor.Subject{Err: err, HubLevel: errors.As(err, &part) && part.Part == "SharedAccessKeyName"}
	}
	endpoint := options.Endpoint
	if endpoint == "" && credentials.Gateway == "" {
		endpoint = room.emulator.Endpoint(credentials.Host)
	}
	if endpoint == "" {
		name := credentials.Host
		if credentials.Gateway != "" {
			name = credentials.Gateway
		}
		endpoint = hubproto.WebSocketURL(name)
	}
	return doctor.Subject{Host: credentials.Host, URL: endpoint, DeviceID: credentials.DeviceID, ModuleID: credentials.ModuleID,
		Key: credentials.Key, Token: credentials.SharedAccessSignature, X509: credentials.X509, CleanSession: options.CleanSession}
}

// environment returns the doctor's surroundings for a subject. The lock is held.
func (room *Room) environment(s *doctor.Subject) doctor.Env {
	env := doctor.Env{Origin: room.probes.Origin, Secure: room.probes.Secure, Online: room.probes.Online, Reach: room.probes.Reach,
		Open: room.network.Dial, ServerTime: room.network.ServerTime, History: slices.Clone(room.state.history.links)}
	env.Trace = func(sent bool, size int, packet mqttcodec.Packet) {
		direction := hubclient.Received
		if sent {
			direction = hubclient.Sent
		}
		room.Links.Traced(hubclient.Traced{Direction: direction, Size: size, Packet: packet})
	}
	if room.Env.Params.Patience > 0 {
		env.Limits = doctor.Patience(room.Env.Params.Patience)
	}
	if s.Host == hubservice.InPageHost { // there is no network between
		env.Reach = nil
	}
	if room.emulator.Is(s.Host) {
		env.HubLog = room.hubLog(s.DeviceID)
	}
	return env
}

// needsConsent reports whether signing in would end a connection that works, to which the person has to agree. The lock is held.
func (room *Room) needsConsent() bool { return room.Links.Running() && room.Links.Connected() }

// FindOutWhy shows the doctor and begins an examination.
func (room *Room) FindOutWhy() {
	room.Show(page.TopicDiagnose)
	room.diagnose(false)
}

// diagnose begins to examine the connection. agreed means that a connection that works may be ended for it; otherwise the doctor does
// not sign in.
func (room *Room) diagnose(agreed bool) {
	var (
		subject doctor.Subject
		env     doctor.Env
		signIn  bool
	)
	room.Read(func() {
		subject = room.subject()
		env = room.environment(&subject)
		signIn = agreed || !room.needsConsent()
	})
	room.begin(signIn, func(s *state) {
		s.evidence, s.examined = doctor.Evidence{Subject: doctor.Subject{Host: subject.Host, URL: subject.URL}}, true
		s.console.Set("")
	}, func(ctx context.Context, report func(doctor.Evidence)) doctor.Evidence {
		return doctor.Run(ctx, env, subject, signIn, report)
	})
}

// checkIdle begins the longer check: a connection over which nothing goes, for the minutes on the page.
func (room *Room) checkIdle() {
	var (
		subject doctor.Subject
		env     doctor.Env
		before  doctor.Evidence
		length  time.Duration
		err     error
	)
	room.Read(func() {
		length, err = idleTime(room.state.minutes.Trimmed())
		subject = room.subject()
		env = room.environment(&subject)
		before = room.state.evidence
	})
	if err == nil {
		err = subject.Err
	}
	if err != nil {
		room.Fail("diagnose", err)
		return
	}
	room.begin(true, func(*state) {}, func(ctx context.Context, report func(doctor.Evidence)) doctor.Evidence {
		return doctor.RunIdle(ctx, env, subject, before, length, report)
	})
}

// idleTime reads the length of the longer check in minutes, from 1 to 60. Empty means 5.
func idleTime(minutes string) (time.Duration, error) {
	if minutes == "" {
		return 5 * time.Minute, nil
	}
	const limit = 60
	n, err := strconv.Atoi(minutes)
	if err != nil || n < 1 || n > limit {
		return 0, l10n.New("the %v is not a whole number from 1 to %d", l10n.New("time"), limit)
	}
	return time.Duration(n) * time.Minute, nil
}

// begin runs a procedure, unless an examination runs already. prepare changes the state first, under the lock.
func (room *Room) begin(signIn bool, prepare func(*state), do procedure) {
	var x *examination
	room.Update(func() {
		s := &room.state
		if s.running != nil {
			return
		}
		x = &examination{ended: make(chan struct{})}
		x.ctx, x.cancel = context.WithCancel(room.Context())
		s.running, s.unknown, s.copied = x, false, page.Result{}
		s.count++
		prepare(s)
	})
	if x == nil {
		return
	}
	if !room.Go("the connection doctor", func(context.Context) {
		defer room.end(x)
		room.examine(x, signIn, do)
	}) {
		room.end(x)
	}
}

// end notes that nothing of an examination runs any more.
func (room *Room) end(x *examination) {
	x.cancel()
	room.Update(func() { room.state.running = nil })
	close(x.ended)
}

// examine runs a procedure. If it signs in, it runs while the device has no connection, since the hub lets an identity have one.
func (room *Room) examine(x *examination, signIn bool, do procedure) {
	run := func(ctx context.Context) {
		report := func(e doctor.Evidence) {
			room.Update(func() {
				if !x.forgotten {
					room.state.evidence, room.state.examined = e, true
				}
			})
		}
		report(do(ctx, report))
	}
	if !signIn {
		run(x.ctx)
		return
	}
	// An error means that the examination was stopped before it began. The page shows that anyway.
	_ = room.Links.Occupy(x.ctx, run)
}

// cancel asks the examination to end with what it has. It returns at once.
func (room *Room) cancel() {
	room.Read(func() {
		if x := room.state.running; x != nil {
			x.cancel()
		}
	})
}

// Stop ends the examination with what it has, and waits until nothing of it runs any more. Its error is the context's.
func (room *Room) Stop(ctx context.Context) error {
	var x *examination
	room.Read(func() { x = room.state.running })
	if x == nil {
		return nil
	}
	x.cancel()
	select {
	case <-x.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
