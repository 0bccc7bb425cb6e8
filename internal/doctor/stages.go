package doctor

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// keepAlive of the doctor's connections in seconds, which end long before.
const keepAlive = 240

// takeovers is how many connections have to be closed in a row before it is called a loop.
const takeovers = 2

// signIn goes from CONNECT to the subscriptions, and watches for another client of the same identity.
func (d *doctor) signIn(ctx context.Context) {
	for ctx.Err() == nil && d.e.TakenOver < takeovers {
		if !d.signInOnce(ctx) {
			return
		}
	}
}

// signInOnce reports whether the hub closed the connection of a device that it had accepted, which is worth another try.
func (d *doctor) signInOnce(ctx context.Context) (again bool) {
	began := time.Now()
	d.found(StageConnack, Running, began, Text{})
	troubleSince := func(context.Context) []HubLine { return nil }
	if d.env.HubLog != nil {
		troubleSince = d.env.HubLog()
	}
	readHubLog := func() {
		ctx, cancel := context.WithTimeout(ctx, d.limits.HubLog)
		defer cancel()
		d.e.HubLines = append(d.e.HubLines, troubleSince(ctx)...)
	}
	opening, cancel := context.WithTimeout(ctx, d.limits.Probe)
	conn, err := d.env.Open(opening, d.e.Subject.URL)
	cancel()
	if err != nil {
		d.found(StageConnack, Failed, began, means("The WebSocket opened a moment ago and does not any more."))
		return false
	}
	s := newConnection(conn, d.env.Trace)
	defer s.close()
	answer, err := d.connect(ctx, s, keepAlive)
	if answer == nil {
		readHubLog()
		d.unanswered(StageConnack, began, err, means("No CONNACK came within %d s.", seconds(d.limits.Connack)), means("The connection ended without a CONNACK."))
		// A second client can be back before CONNACK is; that the hub accepts the device, the connection before has shown.
		if d.e.TakenOver == 0 || !endedClean(err) {
			return false
		}
		d.e.TakenOver++
		return true
	}
	d.e.Answered, d.e.Code = true, answer.ReturnCode
	if answer.ReturnCode != mqttcodec.ConnectionAccepted {
		readHubLog()
		d.found(StageConnack, Failed, began, means("CONNACK, return code %d: %s.", int(answer.ReturnCode), answer.ReturnCode.String()))
		return false
	}
	d.found(StageConnack, OK, began, means("CONNACK, return code 0: the hub accepts the device. Session present: %t.", answer.SessionPresent))

	began = time.Now()
	d.found(StageSubscribe, Running, began, Text{})
	refused, status, err := d.subscribe(ctx, s)
	d.e.Refused, d.e.Throttled = refused, status == 429
	switch {
	case refused != "":
		d.found(StageSubscribe, Failed, began, means("The hub refused the subscription to %s.", refused))
		return false
	case status == 429:
		d.found(StageSubscribe, Failed, began, means("The subscriptions stand, but a twin GET was answered 429, too many requests."))
		return false
	case err == nil:
		d.found(StageSubscribe, OK, began, means("The subscriptions stand, and a twin GET was answered %d.", status))
	case endedClean(err):
		readHubLog()
		d.e.TakenOver++
		d.found(StageSubscribe, Failed, began, means("The hub closed the connection before it had answered."))
		return true
	default:
		readHubLog()
		d.unanswered(StageSubscribe, began, err, means("No answer came within %d s.", seconds(d.limits.Answer)), means("The connection broke before the answer."))
		return false
	}

	began = time.Now()
	d.found(StageWatch, Running, began, Text{})
	err = s.until(ctx, d.limits.Watch, func(mqttcodec.Packet) bool { return false })
	switch {
	case errors.Is(err, errQuiet):
		d.found(StageWatch, OK, began, means("The connection lasted %d s and nobody took it over.", seconds(d.limits.Watch)))
		return false
	case ctx.Err() != nil:
		d.found(StageWatch, Skipped, began, means("Stopped."))
		return false
	case endedClean(err):
		readHubLog()
		d.e.TakenOver++
		d.found(StageWatch, Failed, began, means("The hub closed the connection soon after it was made, %d in a row.", d.e.TakenOver))
		return true
	}
	readHubLog()
	d.found(StageWatch, Failed, began, means("The connection broke %d ms after it was made, without a close.", int(time.Since(began).Milliseconds())))
	return false
}

// endedClean reports whether the other side closed the connection with a WebSocket close, as a hub does and a broken network does not.
func endedClean(err error) bool { return errors.Is(err, io.EOF) }

func (d *doctor) unanswered(s Stage, began time.Time, err error, late, ended Text) {
	switch {
	case errors.Is(err, errQuiet):
		d.found(s, TimedOut, began, late)
	case errors.Is(err, context.Canceled):
		d.found(s, Skipped, began, means("Stopped."))
	default:
		d.found(s, Failed, began, ended)
	}
}

// idle watches a connection on which nothing goes.
func (d *doctor) idle(ctx context.Context, watch time.Duration) {
	began := time.Now()
	d.found(StageIdle, Running, began, means("Watching a silent connection."))
	opening, cancel := context.WithTimeout(ctx, d.limits.Probe)
	conn, err := d.env.Open(opening, d.e.Subject.URL)
	cancel()
	if err != nil {
		d.found(StageIdle, Failed, began, means("The WebSocket did not open."))
		return
	}
	s := newConnection(conn, d.env.Trace)
	defer s.close()
	answer, err := d.connect(ctx, s, 0)
	if err != nil || answer.ReturnCode != mqttcodec.ConnectionAccepted {
		d.found(StageIdle, Failed, began, means("The hub did not accept the device."))
		return
	}
	quiet := time.Now()
	err = s.until(ctx, watch, func(mqttcodec.Packet) bool {
		quiet = time.Now() // what the hub sends by itself ends the silence
		return false
	})
	lasted := time.Since(quiet)
	switch {
	case errors.Is(err, errQuiet):
		d.e.Idle, d.e.IdleWatched = 0, watch
		d.found(StageIdle, OK, began, means("Nothing went over the connection for %d s, and it held.", seconds(lasted)))
	case ctx.Err() != nil:
		d.found(StageIdle, Skipped, began, means("Stopped after %d s, in which the connection held.", seconds(lasted)))
	case endedClean(err):
		d.e.TakenOver++
		d.found(StageIdle, Failed, began, means("The hub closed the silent connection after %d s.", seconds(lasted)))
	default:
		d.e.Idle, d.e.IdleWatched = lasted, watch
		d.found(StageIdle, Failed, began, means("The silent connection was cut after %d s, without a close.", seconds(lasted.Round(time.Second))))
	}
}
