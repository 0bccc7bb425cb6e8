package hubclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/teivah/onecontext"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
	"github.com/hubpanel/hubpanel/pkg/wsconn"
)

// A hub answers "not authorized" for every reason, and also when it is overloaded. A few refusals in a row are final; more if it has
// accepted the device before.
const (
	maxRefusals      = 3
	maxRefusalsKnown = 10
)

// youngLink is how soon after the connect a close by the hub counts as one more take-over by another client.
const youngLink = 30 * time.Second

type dialed struct {
	conn net.Conn
	err  error
}

var errNoConn = errors.New("Options.Dial returned neither a connection nor an error")

// identity is the MQTT client identifier.
func (c *Client) identity() string { return hubproto.ClientID(c.cr.DeviceID, c.cr.ModuleID) }

func endpointHost(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return hubproto.Redact(endpoint)
}

// setState publishes a new state.
func (l *loop) setState(phase Phase, err error) {
	l.phase = phase
	s := State{Phase: phase, Attempt: l.attempt, Since: l.now, Err: err, TokenExpiry: l.password.expiry}
	switch phase {
	case Reconnecting:
		s.RetryIn = l.retryAt.Sub(l.now)
	case Connected:
		s.Attempt, s.SessionPresent = 0, l.sessionPresent
	}
	l.c.state.Store(&s)
	if err != nil {
		l.log.Warn("device is "+phase.String(), "error", hubproto.Redact(err.Error()), "attempt", s.Attempt, "retryIn", s.RetryIn)
	} else {
		l.log.Info("device is " + phase.String())
	}
	if onState := l.c.o.OnState; onState != nil {
		l.events = append(l.events, event{always: true, call: callFunc(func(context.Context) bool {
			onState(s)
			return true
		})})
	}
}

func (l *loop) dial() {
	l.retryAt = time.Time{}
	// Before the dial, since an expired token is not worth one.
	var err error
	cr := &l.credentials
	l.password, err = makePassword(l.now, l.c.o.TokenTTL, cr.Key, cr.SharedAccessSignature, l.c.resource, "")
	if err != nil {
		l.refused(err)
		return
	}
	l.setState(Dialing, nil)
	ctx, cancel := context.WithTimeout(l.ctx, dialTimeout)
	l.cancelDial = cancel
	result, url := make(chan dialed, 1), l.url
	l.dialing = result
	go func() {
		conn, err := l.c.o.Dial(ctx, url)
		if err == nil && conn == nil {
			err = errNoConn
		}
		if err != nil {
			conn = nil
		}
		result <- dialed{conn, err}
	}()
}

func (l *loop) dialed(d dialed) {
	l.dialing = nil
	l.cancelDial()
	switch {
	case errors.Is(d.err, wsconn.ErrPolicy): // no later try can change the page's policy
		l.refuse(&DialError{l.host(), d.err})
		return
	case d.err != nil:
		l.failed(&DialError{l.host(), d.err})
		return
	case l.ctx.Err() != nil: // too late
		l.close(d.conn)
		l.ending = true
		return
	}
	l.link = newLink(d.conn, l.c.o.Trace)
	// The one place where a caller's context and a connection's are joined: methods end with either. Its own cancel
	// function is called after the connection's, so that Err is always one of package context's.
	ctx, end := context.WithCancel(context.WithoutCancel(l.ctx))
	joined, release := onecontext.Merge(l.ctx, ctx)
	linkCtx, endMethods := context.WithCancel(joined) // methods' contexts hang on this one: a child of joined costs a goroutine
	l.linkCtx = linkCtx
	l.endLink = func() {
		end()
		<-linkCtx.Done()
		release()
		endMethods()
	}
	l.subscribe.reset()
	l.connectBy = l.now.Add(connectTimeout)
	if l.send(l.connectPacket()) {
		l.setState(Connecting, nil)
	}
}

// connectPacket makes CONNECT ("Use MQTT to communicate with IoT Hub", using the MQTT protocol directly).
func (l *loop) connectPacket() *mqttcodec.Connect {
	cr, o := &l.credentials, &l.c.o
	user := hubproto.Username{
		Host: cr.Host, DeviceID: cr.DeviceID, ModuleID: cr.ModuleID,
		APIVersion: o.usernameVersion(), ClientType: o.ClientType, ModelID: o.ModelID,
	}
	p := &mqttcodec.Connect{
		CleanSession: o.CleanSession,
		KeepAlive:    uint16(o.KeepAlive / time.Second),
		ClientID:     []byte(l.c.identity()),
		UserNameFlag: true, UserName: []byte(user.String()),
		PasswordFlag: l.password.token != nil, Password: l.password.token,
	}
	if will := o.Will; will != nil {
		p.WillFlag, p.WillQoS = true, mqttcodec.QoS1
		p.WillTopic = hubproto.AppendTelemetryTopic(nil, cr.DeviceID, cr.ModuleID, &will.SystemProperties, will.Properties)
		p.WillMessage = will.Body
	}
	return p
}

func (l *loop) connack(p *mqttcodec.Connack) {
	if p.ReturnCode != mqttcodec.ConnectionAccepted {
		refusal := &ConnectError{
			Code: p.ReturnCode, Host: l.host(), Identity: l.c.identity(), Attempts: l.refusals + 1,
			X509: l.credentials.X509, Now: l.now,
		}
		if l.c.o.ServerTime != nil && refusal.mayBeClock() {
			l.dropLink()
			l.checkClock(refusal)
			return
		}
		l.refused(refusal)
		return
	}
	l.subscribe.accepted = true
	l.sessionPresent = p.SessionPresent
	if !l.password.given && !l.password.expiry.IsZero() {
		l.renewAt = l.now.Add(l.password.expiry.Sub(l.now) * 4 / 5)
	}
	if filters := l.filters(); len(filters) > 0 {
		if !l.sendSubscribe(filters) {
			return
		}
	} else {
		l.ready()
	}
}

// ready begins phase Connected: accepted and subscribed.
func (l *loop) ready() {
	l.connectBy = time.Time{}
	l.connected = l.now
	l.known, l.unproven = true, false
	l.refusals = 0
	l.setState(Connected, nil)
	l.publishAgain()
	l.publish()
	if l.c.o.OnDesired != nil {
		l.desired.connected()
		l.resyncWait = 0
		l.readDesired()
	}
	l.sendRequests()
}

// refused handles a refusal of CONNECT or SUBSCRIBE, and a given token that has expired.
func (l *loop) refused(err error) {
	l.dropLink()
	var connect *ConnectError
	if errors.As(err, &connect) && connect.Code == mqttcodec.ServerUnavailable {
		l.failed(err) // not a refusal of this device
		return
	}
	l.refusals++
	// A given token that has expired meanwhile is the better explanation.
	if l.password.given && !l.now.Before(l.password.expiry) {
		err = &TokenExpiredError{Expiry: l.password.expiry, Now: l.now}
	}
	var expired *TokenExpiredError
	limit := maxRefusals
	if l.known {
		limit = maxRefusalsKnown
	}
	permanent := connect != nil && (connect.Code == mqttcodec.UnacceptableProtocolVersion || connect.Code == mqttcodec.IdentifierRejected)
	switch {
	case permanent || l.refusals >= limit:
		l.refuse(err)
	case l.c.o.RenewCredentials != nil && renewable(err):
		l.requestCredentials(err)
	case errors.As(err, &expired):
		l.refuse(err)
	default:
		l.failed(err)
	}
}

// refuse ends Run with a permanent error.
func (l *loop) refuse(err error) {
	l.dropLink()
	l.result = err
	l.ending = true
}

// linkEnded ends the connection after an error of either end, and decides how Run continues.
func (l *loop) linkEnded(err error) {
	young := l.phase == Connected && l.now.Sub(l.connected) < youngLink && errors.Is(err, io.EOF)
	planned := !l.disconnectBy.IsZero()
	l.dropLink()
	if planned {
		l.dialAgain()
		return
	}
	if young {
		l.quick++
		if l.c.o.MaxTakeovers > 0 && l.quick >= l.c.o.MaxTakeovers {
			l.refuse(&TakeoverError{Times: l.quick, Identity: l.c.identity(), Err: err})
			return
		}
	}
	l.failed(err)
}

// failed waits for the next try.
func (l *loop) failed(err error) {
	if l.ctx.Err() != nil {
		l.ending = true // the end of the context is the reason, not err
		return
	}
	l.attempt++
	select {
	case <-l.c.retry: // asked for before there was something to retry
	default:
	}
	l.retryAt = l.now.Add(max(l.c.o.Backoff(l.attempt), 0))
	l.setState(Reconnecting, err)
}

func (l *loop) retryNow() {
	if l.phase == Reconnecting && !l.retryAt.IsZero() {
		l.dial()
	}
}

// dropLink ends the connection, if there is one. What it owes stays with the outbox and the requests, for the next one.
func (l *loop) dropLink() {
	if l.link == nil {
		return
	}
	link := l.link
	l.link = nil
	l.endLink()
	l.close(link)
	l.connectBy, l.pongBy, l.renewAt, l.drainBy, l.disconnectBy, l.resyncAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if l.subscribe.id != 0 {
		l.outbox.release(l.subscribe.id)
	}
	l.subscribe.reset()
	l.deliveries, l.methods = 0, 0
	l.pubacks.unwritten, l.pubacks.written = nil, nil
	l.outbox.abandonUnwritten(ErrConnectionLost)
	l.requests.unsend()
	l.desired.disconnected()
}

// close closes a connection beside the loop: its closing handshake may take seconds when the peer is silent. Run waits for
// it at its end.
func (l *loop) close(c io.Closer) {
	l.closing.Go(func() { c.Close() }) // how it ends does not matter any more
}

// renew begins the planned reconnect. MQTT has no way to show the hub a new token on a connection: what is under way is
// finished, and nothing new is begun until the next one.
func (l *loop) renew() {
	l.renewAt = time.Time{}
	l.drainBy = l.now.Add(drainTimeout)
	l.log.Info("token is renewed by a planned reconnect", "expiry", l.password.expiry)
}

// drained reports whether a planned reconnect has nothing left to wait for.
func (l *loop) drained() bool {
	return !l.drainBy.IsZero() && l.disconnectBy.IsZero() && l.outbox.first == nil && len(l.outbox.waiting) == 0 &&
		l.requests.none() && l.methods == 0 && l.deliveries == 0
}

// disconnect sends DISCONNECT. The connection ends when that is written, or at disconnectBy [MQTT-3.14.4-1].
func (l *loop) disconnect() {
	l.drainBy = time.Time{}
	if l.phase == Connected || l.subscribe.accepted {
		if !l.send(&mqttcodec.Disconnect{}) {
			return
		}
	}
	l.disconnectBy = l.now.Add(disconnectTimeout)
	if l.link.idle() {
		l.disconnected()
	}
}

// disconnected ends the connection after disconnect.
func (l *loop) disconnected() {
	l.dropLink()
	l.dialAgain()
}

// dialAgain continues after a connection that the device itself has ended.
func (l *loop) dialAgain() {
	if l.ctx.Err() != nil {
		l.ending = true
		return
	}
	l.dial()
}

// Subscriptions are what is known about them on one connection, and what is wanted on each.
type subscriptions struct {
	twin bool // wanted on every connection: Twin or Report was called, or OnDesired is set

	accepted  bool      // CONNACK has come
	id        uint16    // of the SUBSCRIBE that has no answer yet, 0 for none
	asked     []string  // its filters
	answerBy  time.Time // zero: none is under way, or connectBy covers it
	twinReady bool
}

func (s *subscriptions) reset() { *s = subscriptions{twin: s.twin} }

// filters returns what the handlers need, and nothing else: the hub allows five at a time.
func (l *loop) filters() []string {
	cr, o := &l.c.cr, &l.c.o
	var filters []string
	if o.OnMessage != nil && cr.ModuleID == "" {
		filters = append(filters, hubproto.DeviceboundFilter(cr.DeviceID))
	}
	if o.OnInput != nil {
		filters = append(filters, hubproto.ModuleInputsFilter(cr.DeviceID, cr.ModuleID))
	}
	if o.OnMethod != nil {
		filters = append(filters, hubproto.MethodsFilter)
	}
	if l.subscribe.twin {
		filters = append(filters, hubproto.TwinResponseFilter)
	}
	if o.OnDesired != nil {
		filters = append(filters, hubproto.TwinDesiredFilter)
	}
	return filters
}

// sendSubscribe asks for filters. Messages are asked for at QoS 1, since they are acknowledged; answers and notices at
// QoS 0, as the SDKs do: the hub keeps none of them.
func (l *loop) sendSubscribe(filters []string) bool {
	p := &mqttcodec.Subscribe{PacketID: l.outbox.newID()}
	for _, filter := range filters {
		qos := mqttcodec.QoS1
		if filter[0] == '$' {
			qos = mqttcodec.QoS0
		}
		p.Subscriptions = append(p.Subscriptions, mqttcodec.Subscription{TopicFilter: []byte(filter), QoS: qos})
	}
	if !l.send(p) {
		return false
	}
	l.subscribe.id, l.subscribe.asked = p.PacketID, filters
	l.outbox.reserve(p.PacketID)
	if l.phase == Connected {
		l.subscribe.answerBy = l.now.Add(requestTimeout)
	}
	return true
}

func (l *loop) suback(p *mqttcodec.Suback) {
	s := &l.subscribe
	if s.id == 0 || p.PacketID != s.id {
		l.log.Warn("SUBACK for no subscription", "packetId", p.PacketID)
		return
	}
	l.outbox.release(s.id)
	asked := s.asked
	s.id, s.asked, s.answerBy = 0, nil, time.Time{}
	if len(p.ReturnCodes) != len(asked) { // [MQTT-3.8.4-5]
		l.violated(l10n.New("the hub sent %s with %d return codes for %d filters", p.Type(), len(p.ReturnCodes), len(asked)))
		return
	}
	var refusal error
	for i, code := range p.ReturnCodes {
		switch {
		case code == mqttcodec.SubackFailure:
			refusal = &SubscribeError{Filter: asked[i]}
		case asked[i] == hubproto.TwinResponseFilter:
			s.twinReady = true
		}
	}
	switch {
	case l.phase == Connecting && refusal != nil:
		l.refused(refusal)
	case l.phase == Connecting:
		l.ready()
	case refusal != nil: // on demand: only who demanded it is concerned
		s.twin = false
		l.requests.fail(refusal)
	default:
		l.sendRequests()
	}
}
