package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
	"github.com/hubpanel/hubpanel/pkg/iothub"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// An outcome is what a call of Send or SendBatch said about a message.
type outcome byte

const (
	acknowledged   outcome = iota + 1
	unacknowledged         // ErrUnacknowledged: the hub may or may not have it
	unsent                 // the caller gave up before the device had taken it: the hub cannot have it
)

// telemetry sends messages numbered from 0; each of a few senders has a range of numbers of its own and sends it in order. Some
// callers give up early.
type telemetry struct {
	device   *hubclient.Client
	seed     uint64
	perOne   int       // messages of one sender
	outcomes []outcome // by number; each sender owns its own

	// sent has for every connection the numbers that were handed to its writer, in order. Owned by the device's loop.
	sent [][]int32

	// Owned by the reader of the hub's event stream.
	arrived []int32
	garbled problems
}

const (
	senders  = 8
	maxBatch = 64
	lastWord = "that was all"
)

func newTelemetry(seed uint64, count int) *telemetry {
	// What the test itself keeps is taken before memory is measured.
	return &telemetry{
		seed: seed, perOne: count / senders, outcomes: make([]outcome, count),
		sent: append(make([][]int32, 0, 1000), make([]int32, 0, 2*count)), arrived: make([]int32, 0, 2*count),
	}
}

// message is what number n looks like: bodies of 5 to 1500 bytes, so that cuts and pieces fall everywhere in a packet.
func message(n int) hubclient.Message {
	body := fmt.Appendf(nil, "%d ", n)
	body = append(body, bytes.Repeat([]byte{'a' + byte(n%26)}, n*7919%1500)...)
	return hubclient.Message{
		SystemProperties: iothub.SystemProperties{MessageID: strconv.Itoa(n)},
		Properties:       iothub.Properties{{Name: "n & name", Value: strconv.Itoa(n) + " = 100 % /?"}},
		Body:             body,
	}
}

func numberOf(body []byte) (n int, ok bool) {
	number, _, ok := bytes.Cut(body, []byte(" "))
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(string(number))
	return n, err == nil
}

// send is one sender's work, spread evenly over a time.
func (t *telemetry) send(ctx context.Context, sender int, over time.Duration) error {
	random := rand.New(rand.NewPCG(t.seed, uint64(sender)))
	first, end := sender*t.perOne, (sender+1)*t.perOne
	start := time.Now()
	for n := first; n < end; {
		if err := until(ctx, start.Add(over*time.Duration(n-first)/time.Duration(t.perOne))); err != nil {
			return err
		}
		size := 1
		if random.IntN(4) == 0 {
			size = min(2+random.IntN(maxBatch-1), end-n)
		}
		result, err := t.call(ctx, n, size, random)
		if err != nil {
			return err
		}
		for range size {
			t.outcomes[n] = result
			n++
		}
	}
	return nil
}

// call sends size messages with one call. One in twenty callers waits for a few milliseconds only.
func (t *telemetry) call(ctx context.Context, n, size int, random *rand.Rand) (outcome, error) {
	callers := ctx
	if random.IntN(20) == 0 {
		var cancel context.CancelFunc
		callers, cancel = context.WithTimeout(ctx, time.Duration(random.Int64N(int64(20*time.Millisecond))))
		defer cancel()
	}
	batch := make([]hubclient.Message, size)
	for i := range batch {
		batch[i] = message(n + i)
	}
	var err error
	if size == 1 {
		err = t.device.Send(callers, batch[0])
	} else {
		err = t.device.SendBatch(callers, batch)
	}
	switch {
	case err == nil:
		return acknowledged, nil
	case ctx.Err() != nil || callers.Err() == nil:
		return 0, fmt.Errorf("message %d: %w", n, err)
	case errors.Is(err, hubclient.ErrUnacknowledged):
		return unacknowledged, nil
	case errors.Is(err, context.DeadlineExceeded):
		return unsent, nil
	}
	return 0, fmt.Errorf("message %d: %w", n, err)
}

// trace notes what goes out on which connection.
func (t *telemetry) trace(traced hubclient.Traced) {
	if traced.Direction != hubclient.Sent {
		return
	}
	switch p := traced.Packet.(type) {
	case *mqttcodec.Connect:
		t.sent = append(t.sent, nil)
	case *mqttcodec.Publish:
		topic, err := hubproto.ParseTopic(string(p.TopicName))
		if err != nil || topic.Kind != hubproto.Telemetry {
			return
		}
		if n, ok := numberOf(p.Payload); ok {
			last := len(t.sent) - 1
			t.sent[last] = append(t.sent[last], int32(n))
		}
	}
}

// read takes the hub's event stream until the last word.
func (t *telemetry) read(event emulator.Event) (more bool) {
	if event.Lost > 0 {
		t.garbled.add("the test read too slowly and missed %d events", event.Lost)
	}
	if string(event.Body) == lastWord {
		return false
	}
	n, ok := numberOf(event.Body)
	if !ok || n >= len(t.outcomes) {
		t.garbled.add("event %q", event.Body)
		return true
	}
	want := message(n)
	if !bytes.Equal(event.Body, want.Body) || event.SystemProperties["message-id"] != want.MessageID ||
		event.Properties[want.Properties[0].Name] != want.Properties[0].Value {
		same := 0
		for same < min(len(event.Body), len(want.Body)) && event.Body[same] == want.Body[same] {
			same++
		}
		t.garbled.add("message %d arrived with a body of %d bytes in place of %d, the same for %d bytes, then %q; %q, %q",
			n, len(event.Body), len(want.Body), same, event.Body[same:min(same+60, len(event.Body))], event.SystemProperties["message-id"], event.Properties)
	}
	t.arrived = append(t.arrived, int32(n))
	return true
}

// A telemetryReport is what was counted.
type telemetryReport struct {
	acknowledged, unacknowledged, unsent int // by the callers
	arrived, duplicates                  int // at the hub: different ones, and the rest
	unacknowledgedArrived, unsentArrived int
	lost                                 int // acknowledged, and not at the hub
	disordered                           int // first arrivals behind a later one of the same sender
}

// compare compares what the callers were told, what went out and what arrived.
func (t *telemetry) compare(p *problems) (r telemetryReport) {
	p.merge(&t.garbled)
	times := make([]int, len(t.outcomes))
	latest := make([]int32, senders)
	for i := range latest {
		latest[i] = -1
	}
	for _, n := range t.arrived {
		times[n]++
		if times[n] > 1 {
			r.duplicates++
			continue
		}
		r.arrived++
		sender := int(n) / t.perOne
		if n < latest[sender] {
			r.disordered++
			p.add("message %d arrived for the first time after %d of the same sender", n, latest[sender])
		}
		latest[sender] = n
	}
	for n, outcome := range t.outcomes {
		switch outcome {
		case acknowledged:
			r.acknowledged++
			if times[n] == 0 {
				r.lost++
				p.add("message %d was acknowledged and has not arrived", n)
			}
		case unacknowledged:
			r.unacknowledged++
			if times[n] > 0 {
				r.unacknowledgedArrived++
			}
		case unsent:
			r.unsent++
			if times[n] > 0 {
				r.unsentArrived++
				p.add("message %d arrived, though its sender was told that it was not sent", n)
			}
		default:
			p.add("nobody knows what became of message %d", n)
		}
	}
	if i := firstOutOfOrder(t.sent, t.arrived); i >= 0 {
		p.add("event %d (message %d) is not what any connection would have brought next", i, t.arrived[i])
	}
	return r
}

// firstOutOfOrder checks the order on each connection: what has arrived has to be the beginning of what went out on the first
// connection, then the beginning of what went out on a later one, and so on, since a connection may lose its end but nothing
// else. It returns the index in arrived of the first message that does not fit, or -1.
//
// A message may be in several connections, so where one ended is not always plain: all places where it may have been are kept.
func firstOutOfOrder(sent [][]int32, arrived []int32) int {
	type place struct{ connection, length int } // so much of it has arrived
	places := map[place]bool{{0, 0}: true}
	for i, n := range arrived {
		next := map[place]bool{}
		for at := range places {
			if on := sent[at.connection]; at.length < len(on) && on[at.length] == n {
				next[place{at.connection, at.length + 1}] = true
			}
			for later := at.connection + 1; later < len(sent); later++ {
				if len(sent[later]) > 0 && sent[later][0] == n {
					next[place{later, 1}] = true
				}
			}
		}
		if len(next) == 0 {
			return i
		}
		places = next
	}
	return -1
}
