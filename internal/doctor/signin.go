package doctor

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// maxPacket is more than a hub sends: a message of 256 KiB and its topic.
const maxPacket = 512 << 10

// connection is one MQTT connection of the doctor. It acknowledges nothing.
type connection struct {
	conn    net.Conn
	trace   func(sent bool, size int, p mqttcodec.Packet)
	packets chan mqttcodec.Packet // closed after the last; then err is why
	err     error
	quit    chan struct{}
}

func newConnection(conn net.Conn, trace func(sent bool, size int, p mqttcodec.Packet)) *connection {
	if trace == nil {
		trace = func(bool, int, mqttcodec.Packet) {}
	}
	s := &connection{conn: conn, trace: trace, packets: make(chan mqttcodec.Packet), quit: make(chan struct{})}
	go s.read()
	return s
}

func (s *connection) read() {
	defer close(s.packets)
	for in := mqttcodec.NewReader(s.conn, maxPacket); ; {
		p, err := in.Next()
		if err != nil {
			s.err = err
			return
		}
		if b, err := mqttcodec.Append(nil, p); err == nil { // for its length
			s.trace(false, len(b), p)
		}
		select {
		case s.packets <- mqttcodec.Clone(p):
		case <-s.quit:
			s.err = net.ErrClosed
			return
		}
	}
}

// close sends DISCONNECT if that is still possible, so that the hub publishes no Will and counts no failure, and waits for the reader.
func (s *connection) close() {
	close(s.quit)
	_ = s.send(&mqttcodec.Disconnect{})
	_ = s.conn.Close()
	for range s.packets {
	}
}

// send's error is about p. A connection that has ended is not an error here, because the reader knows how it ended,
// and what came before.
func (s *connection) send(p mqttcodec.Packet) error {
	b, err := mqttcodec.Append(nil, p)
	if err != nil {
		return err
	}
	s.trace(true, len(b), p)
	_, _ = s.conn.Write(b)
	return nil
}

var errQuiet = errors.New("no answer within the limit")

// until hands packets to want until it returns true. Its error is errQuiet at the limit, ctx's, or how the connection ended.
func (s *connection) until(ctx context.Context, limit time.Duration, want func(mqttcodec.Packet) bool) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case p, ok := <-s.packets:
			if !ok {
				if s.err == nil {
					return io.EOF
				}
				return s.err
			}
			if want(p) {
				return nil
			}
		case <-timer.C:
			return errQuiet
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// connect sends CONNECT as the subject and waits for the answer. keepAlive 0 turns keep-alive traffic off [MQTT-3.1.2-24].
func (d *doctor) connect(ctx context.Context, s *connection, keepAlive uint16) (*mqttcodec.Connack, error) {
	sub := &d.e.Subject
	user := hubproto.Username{Host: sub.Host, DeviceID: sub.DeviceID, ModuleID: sub.ModuleID, APIVersion: hubproto.APIVersion, ClientType: "hubpanel"}
	p := &mqttcodec.Connect{
		KeepAlive: keepAlive, ClientID: []byte(hubproto.ClientID(sub.DeviceID, sub.ModuleID)),
		UserNameFlag: true, UserName: []byte(user.String()),
	}
	if token := d.token(time.Now()); token != "" {
		p.PasswordFlag, p.Password = true, []byte(token)
	}
	if err := s.send(p); err != nil {
		return nil, err
	}
	var answer *mqttcodec.Connack
	err := s.until(ctx, d.limits.Connack, func(p mqttcodec.Packet) (ok bool) {
		answer, ok = p.(*mqttcodec.Connack)
		return ok
	})
	return answer, err
}

// token is what the device would show: the given one, or one made of its key as it makes them. "" with a certificate.
func (d *doctor) token(now time.Time) string {
	sub := &d.e.Subject
	if len(sub.Key) == 0 {
		return sub.Token
	}
	d.e.TokenExpiry = now.Add(tokenLife)
	return hubproto.SignSAS(sub.Key, sub.resource(), "", d.e.TokenExpiry)
}

// tokenLife is hubclient's default.
const tokenLife = time.Hour

const (
	subscribeID = 1
	twinRequest = "doctor"
)

// subscribe asks for what a device of the page asks for, and then for the twin, which changes nothing. It returns the first filter
// that was refused, and the twin's status, 0 if no answer came.
func (d *doctor) subscribe(ctx context.Context, s *connection) (refused string, status int, err error) {
	sub := &d.e.Subject
	filters := []string{hubproto.MethodsFilter, hubproto.TwinResponseFilter, hubproto.TwinDesiredFilter}
	if sub.ModuleID == "" {
		filters = append(filters, hubproto.DeviceboundFilter(sub.DeviceID))
	} else {
		filters = append(filters, hubproto.ModuleInputsFilter(sub.DeviceID, sub.ModuleID))
	}
	// At QoS 0 a waiting message would be gone as soon as the hub has sent it. The others are as hubclient has them.
	p := &mqttcodec.Subscribe{PacketID: subscribeID}
	for _, f := range filters {
		qos := mqttcodec.QoS1
		if f[0] == '$' {
			qos = mqttcodec.QoS0
		}
		p.Subscriptions = append(p.Subscriptions, mqttcodec.Subscription{TopicFilter: []byte(f), QoS: qos})
	}
	if err := s.send(p); err != nil {
		return "", 0, err
	}
	if err := s.until(ctx, d.limits.Answer, func(p mqttcodec.Packet) bool {
		ack, ok := p.(*mqttcodec.Suback)
		if !ok || ack.PacketID != subscribeID {
			return false
		}
		for i, code := range ack.ReturnCodes {
			if code == mqttcodec.SubackFailure && i < len(filters) && refused == "" {
				refused = filters[i]
			}
		}
		return true
	}); err != nil || refused != "" {
		return refused, 0, err
	}
	if err := s.send(&mqttcodec.Publish{TopicName: hubproto.Topic{Kind: hubproto.TwinGet, RID: twinRequest}.Append(nil)}); err != nil {
		return "", 0, err
	}
	err = s.until(ctx, d.limits.Answer, func(p mqttcodec.Packet) bool {
		publish, ok := p.(*mqttcodec.Publish)
		if !ok {
			return false
		}
		topic, err := hubproto.ParseTopic(string(publish.TopicName))
		if err != nil || topic.Kind != hubproto.TwinResponse || topic.RID != twinRequest {
			return false
		}
		status = topic.Status
		return true
	})
	return "", status, err
}
