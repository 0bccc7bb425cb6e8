package doctor

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// doctor is one examination. Its stages run one after the other, but for those that wait for the network side by side.
type doctor struct {
	env    Env
	limits Limits
	show   func(Evidence)

	mu sync.Mutex // guards e.Findings, and calls of show
	e  Evidence
}

// Run goes through the stages for a subject and returns what it found. signIn is whether it may CONNECT: see the package's doc.
// report is called after every step, one call at a time, with a copy that is the caller's; it must not block. Run ends soon after ctx
// does, with what it has.
func Run(ctx context.Context, env Env, subject Subject, signIn bool, report func(Evidence)) Evidence {
	d := newDoctor(env, subject, report)
	d.page()
	d.online()
	if !d.shape() || ctx.Err() != nil {
		return d.e.Clone()
	}
	d.clock(ctx)
	if d.expired() || ctx.Err() != nil {
		return d.e.Clone()
	}
	if d.network(ctx) && signIn && ctx.Err() == nil {
		d.signIn(ctx)
	}
	return d.e.Clone()
}

// RunIdle signs in, turns keep-alive traffic off and watches the silent connection until it is cut, or for the time in watch. Evidence
// from before is taken along.
func RunIdle(ctx context.Context, env Env, subject Subject, before Evidence, watch time.Duration, report func(Evidence)) Evidence {
	d := newDoctor(env, subject, report)
	if before.Findings != nil {
		d.e = before.Clone()
		d.e.Subject = subject
	}
	d.idle(ctx, watch)
	return d.e.Clone()
}

func newDoctor(env Env, subject Subject, report func(Evidence)) *doctor {
	limits := env.Limits.orDefaults()
	if report == nil {
		report = func(Evidence) {}
	}
	return &doctor{env: env, limits: limits, show: report, e: Evidence{
		Subject: subject, Origin: env.Origin, Began: time.Now(), Findings: map[Stage]Finding{}, Limit: limits.Probe, History: env.History,
	}}
}

// found records what came of a stage.
func (d *doctor) found(s Stage, o Outcome, began time.Time, note Text) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := Finding{Stage: s, Outcome: o, At: began, Note: note}
	if o != Running {
		f.Took = time.Since(began)
	}
	d.e.Findings[s] = f
	d.show(d.e.Clone())
}

func (d *doctor) page() {
	now := time.Now()
	switch {
	case strings.HasPrefix(d.env.Origin, "https:") && strings.HasPrefix(d.e.Subject.URL, "ws:"):
		d.found(StagePage, Failed, now, means("The page came over HTTPS and the address is ws: without TLS: browsers forbid that."))
	case !d.env.Secure:
		d.found(StagePage, Noted, now, means("%s is no secure context: connecting works, but whoever is between can read this page and change it.", d.env.Origin))
	default:
		d.found(StagePage, OK, now, means("%s, a secure context.", d.env.Origin))
	}
}

func (d *doctor) online() {
	now := time.Now()
	if d.env.Online != nil && !d.env.Online() {
		d.found(StageOnline, Failed, now, means("The browser says that this machine has no network."))
		return
	}
	d.found(StageOnline, OK, now, means("The browser says that there is a network, which does not mean that it leads anywhere."))
}

// shape looks at what the person gave, and reports whether there is anything to try with.
func (d *doctor) shape() bool {
	now, sub := time.Now(), &d.e.Subject
	if sub.Err != nil {
		d.found(StageShape, Failed, now, means("What was given cannot be used: %v.", sub.Err))
		return false
	}
	switch {
	case sub.Token != "":
		token, err := hubproto.ParseSAS(sub.Token)
		if err != nil {
			d.found(StageShape, Failed, now, means("This token cannot be used: it %v.", err))
			return false
		}
		d.e.TokenExpiry = token.Expiry
		if !token.Covers(sub.resource()) {
			d.found(StageShape, Failed, now, means("The token is for %s, and the device is %s.", token.Resource, sub.resource()))
			return false
		}
		d.found(StageShape, OK, now, means("Host, device id and token have the right shape; the token is for this device, until %s.", utc(token.Expiry)))
	case sub.X509:
		d.found(StageShape, Noted, now, means("The device has an X.509 certificate: a page cannot show one, so the hub will refuse."))
	case len(sub.Key) != 32 && len(sub.Key) != 64:
		d.found(StageShape, Noted, now, means("The key has %d bytes. Azure makes keys of 32 or 64: was it copied whole?", len(sub.Key)))
	default:
		d.found(StageShape, OK, now, means("Host, device id and key have the right shape. Only the hub knows whether they are right."))
	}
	return true
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func (d *doctor) clock(ctx context.Context) {
	began := time.Now()
	if d.env.ServerTime == nil {
		d.found(StageClock, Skipped, began, means("There is no other clock to ask."))
		return
	}
	d.found(StageClock, Running, began, Text{})
	ctx, cancel := context.WithTimeout(ctx, d.limits.Probe)
	defer cancel()
	there, err := d.env.ServerTime(ctx)
	if err != nil {
		d.found(StageClock, Noted, began, means("The page's own server did not say what time it is."))
		return
	}
	now := time.Now()
	// The Date header has whole seconds, and was written between began and now.
	d.e.Skew, d.e.SkewKnown = began.Add(now.Sub(began)/2).Sub(there.Add(500*time.Millisecond)).Round(time.Second), true
	switch {
	case d.e.Skew.Abs() <= hubproto.MaxClockSkew:
		d.found(StageClock, OK, began, means("This machine's clock agrees with the page's server to %d s.", seconds(d.e.Skew.Abs())))
	case d.e.Skew > 0:
		d.found(StageClock, Failed, began, means("This machine's clock is %d s ahead of the page's server. The hub allows 300.", seconds(d.e.Skew)))
	default:
		d.found(StageClock, Failed, began, means("This machine's clock is %d s behind the page's server. The hub allows 300.", seconds(-d.e.Skew)))
	}
}

func seconds(d time.Duration) int { return int(d / time.Second) }

// expired reports whether the token that was given is over. The page's server knows better than this machine what time it is.
func (d *doctor) expired() bool {
	d.e.Expired = d.e.Subject.Token != "" && !time.Now().Add(-d.e.Skew).Before(d.e.TokenExpiry)
	return d.e.Expired
}

// network asks for the host and for the WebSocket, and reports whether a WebSocket opens.
func (d *doctor) network(ctx context.Context) bool {
	address := d.e.Subject.URL
	var wait sync.WaitGroup
	if d.env.Reach == nil {
		d.found(StageHTTPS, Skipped, time.Now(), means("There is no network between this page and the hub."))
	} else {
		wait.Go(func() { d.reach(ctx, StageHTTPS, httpURL(address)) })
	}
	if control := Control(d.e.Subject.dialled()); control != "" && d.env.Reach != nil {
		wait.Go(func() { d.reach(ctx, StageControl, "https://"+control+"/") })
	} else {
		d.found(StageControl, Skipped, time.Now(), means("There is no second well-known name to compare with."))
	}
	open := false
	wait.Go(func() { open = d.upgrade(ctx, StageUpgrade, address) })
	wait.Wait()
	switch other, ok := strings.CutSuffix(address, "?"+hubproto.NoClientCertQuery); {
	case ok && d.e.is(StageHTTPS, TimedOut) && d.e.is(StageUpgrade, TimedOut):
		d.found(StageNoQuery, Skipped, time.Now(), means("Nothing answers there, so this was not tried."))
	case ok && ctx.Err() == nil:
		d.upgrade(ctx, StageNoQuery, other) // one at a time: browsers queue handshakes with one host
	default:
		d.found(StageNoQuery, Skipped, time.Now(), means("The address has no such query."))
	}
	return open
}

// reach asks for an address, of which a page learns only whether anything answered.
func (d *doctor) reach(ctx context.Context, s Stage, address string) {
	began := time.Now()
	d.found(s, Running, began, Text{})
	ctx, cancel := context.WithTimeout(ctx, d.limits.Probe)
	defer cancel()
	err := d.env.Reach(ctx, address)
	name := urlHost(address)
	switch {
	case err == nil && strings.HasPrefix(address, "http:"):
		d.found(s, OK, began, means("%s answered an HTTP request: the name resolves and the port is open.", name))
	case err == nil:
		d.found(s, OK, began, means("%s answered an HTTPS request: the name resolves, the port is open, its certificate is trusted.", name))
	case errors.Is(err, wsconn.ErrPolicy):
		// It may allow the WebSocket all the same, which is another address to it.
		d.found(s, Skipped, began, means("The page's own policy does not let it ask %s.", name))
	case errors.Is(err, context.DeadlineExceeded):
		d.found(s, TimedOut, began, means("%s did not answer within %d s.", name, seconds(d.limits.Probe)))
	case ctx.Err() != nil:
		d.found(s, Skipped, began, means("Stopped."))
	default:
		d.found(s, Failed, began, means("A request to %s failed at once, and the browser does not say why.", name))
	}
}

// upgrade tries the WebSocket, and reports whether it opens.
func (d *doctor) upgrade(ctx context.Context, s Stage, address string) bool {
	began := time.Now()
	d.found(s, Running, began, Text{})
	limited, cancel := context.WithTimeout(ctx, d.limits.Probe)
	defer cancel()
	conn, err := d.env.Open(limited, address)
	switch {
	case err == nil:
		d.found(s, OK, began, means("The WebSocket opened, with subprotocol mqtt."))
		_ = conn.Close()
	case errors.Is(err, wsconn.ErrPolicy):
		d.mu.Lock()
		d.e.Policy = true
		d.mu.Unlock()
		d.found(s, Failed, began, means("The page's own policy does not let it open a WebSocket to %s.", urlHost(address)))
	case errors.Is(err, context.DeadlineExceeded):
		d.found(s, TimedOut, began, means("The WebSocket did not open within %d s.", seconds(d.limits.Probe)))
	case ctx.Err() != nil:
		d.found(s, Skipped, began, means("Stopped."))
	default:
		d.found(s, Failed, began, means("The WebSocket did not open, and the browser does not say why."))
	}
	return err == nil
}

// Control is a second name of the service that host belongs to, which every device of it may have to reach: the global provisioning
// endpoint of the same cloud. "" for hosts that are no service's.
func Control(host string) string {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	for _, cloud := range []string{".net", ".cn", ".us"} {
		dps := strings.TrimSuffix(hubproto.DPSGlobalHost, ".net") + cloud
		if name != dps && (strings.HasSuffix(name, ".azure-devices"+cloud) || strings.HasSuffix(name, ".azure-devices-provisioning"+cloud)) {
			return dps
		}
	}
	return ""
}

// httpURL is the root of where a WebSocket address leads.
func httpURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.Replace(u.Scheme, "ws", "http", 1) + "://" + u.Host + "/"
}

func urlHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
