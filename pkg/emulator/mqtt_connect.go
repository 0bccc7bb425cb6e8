package emulator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// errRefused ends a connection whose CONNECT was refused; its cause is in conn.why.
var errRefused = errors.New("hub: CONNECT refused")

// refuseProtocol answers a CONNECT of another protocol or level with 1 [MQTT-3.1.2-1] [MQTT-3.1.2-2] before the connection ends.
func (c *conn) refuseProtocol(err error) {
	var bad *mqttcodec.Error
	if errors.As(err, &bad) && bad.Type == mqttcodec.CONNECT && (bad.Clause == "MQTT-3.1.2-1" || bad.Clause == "MQTT-3.1.2-2") {
		c.refuse(mqttcodec.UnacceptableProtocolVersion, cause{code: 400004, text: "the hub speaks MQTT 3.1.1 only: " + bad.Error()})
	}
}

// refuse answers CONNECT with a code and lets the device read it. The writer has not started yet.
func (c *conn) refuse(code mqttcodec.ConnectCode, why cause) error {
	c.refused = true
	o := c.operation("deviceConnect", why.code, why.text)
	o.Reason = why.reason
	c.hub.note(o)
	out, err := mqttcodec.Append(nil, &mqttcodec.Connack{ReturnCode: code})
	if err == nil {
		_, err = c.nc.Write(out)
	}
	if err == nil {
		drain := time.AfterFunc(refusalDrain, func() { c.fail(why) })
		io.Copy(io.Discard, c.nc)
		drain.Stop()
	}
	c.fail(why)
	return errRefused
}

// accept handles the first packet, which has to be CONNECT [MQTT-3.1.0-1].
func (c *conn) accept(first mqttcodec.Packet) error {
	p, ok := first.(*mqttcodec.Connect)
	if !ok {
		c.fail(violation("the first packet is %v: it has to be CONNECT [MQTT-3.1.0-1]", first.Type()))
		return errRefused
	}
	c.name = string(p.ClientID)
	faults := c.hub.faults.Load()
	switch faults.verdict(c.name, p) {
	case Discard, Break:
		c.fail(cause{code: 404104, level: LevelWarning, text: "a fault that was asked for broke the link at CONNECT"})
		return errRefused
	}
	if faults.Refuse != mqttcodec.ConnectionAccepted {
		return c.refuse(faults.Refuse, cause{code: 503001, text: "a fault that was asked for refuses CONNECT: " + faults.Refuse.String()})
	}
	if why := c.authenticate(p); why != nil {
		// The hub answers 5 whatever the reason ("Connection and messaging reliability", azure-iot-sdk-c).
		return c.refuse(mqttcodec.NotAuthorized, *why)
	}
	return nil
}

// authenticate checks CONNECT, and makes the connection its identity's if all is well.
func (c *conn) authenticate(p *mqttcodec.Connect) *cause {
	if !p.UserNameFlag {
		return unauthorized("CONNECT has no user name: it is {hub}/{device}/?api-version=" + hubproto.APIVersion)
	}
	user, err := hubproto.ParseUsername(string(p.UserName))
	if err != nil {
		return unauthorized("%v", err)
	}
	var token *hubproto.SASToken
	if p.PasswordFlag && len(p.Password) > 0 {
		t, err := hubproto.ParseSAS(string(p.Password))
		if err != nil {
			return unauthorized("the password %v", err)
		}
		if expired(t) {
			return &cause{code: 401003, text: fmt.Sprintf("the SAS token expired at %s, and it is %s: make a new one, and check the device's clock",
				t.Expiry.Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339))}
		}
		token = &t
	}
	c.keepAlive = hubproto.MaxServerKeepAlive // also for keep-alive 0, which the documentation does not mention
	if p.KeepAlive > 0 {
		c.keepAlive = min(c.keepAlive, time.Duration(p.KeepAlive)*time.Second*3/2)
	}
	if user.IsDPS() {
		return c.acceptDPS(p, user, token)
	}
	return c.acceptDevice(p, user, token)
}

func (c *conn) acceptDevice(p *mqttcodec.Connect, user hubproto.Username, token *hubproto.SASToken) *cause {
	name := hubproto.ClientID(user.DeviceID, user.ModuleID)
	if string(p.ClientID) != name {
		return unauthorized("the client id is %q: for this user name it has to be %q", p.ClientID, name)
	}
	if err := c.hub.admit(meterConnect, 1, c.done); err != nil {
		return &cause{code: err.Code, text: "too many connections a second: " + err.Message}
	}
	var will *telemetry
	answered := make(chan struct{})
	for attached := false; !attached; {
		v, why := c.hub.verify(name, proof{host: user.Host, token: token, certificate: c.peer.cert})
		if why == nil && p.WillFlag && will == nil {
			will, why = newWill(user, p)
		}
		if why == nil {
			attached, why = c.attach(v, p, user, token, will, answered)
		}
		if why != nil {
			return why
		}
	}
	// Packets that the device sent ahead must not be answered before its CONNECT [MQTT-3.2.0-1].
	select {
	case <-answered:
	case <-c.done:
	}
	return nil
}

// attach makes the connection its identity's, unless the identity has changed since it was verified. It closes answered when CONNACK
// is on its way.
func (c *conn) attach(v verified, p *mqttcodec.Connect, user hubproto.Username, token *hubproto.SASToken, will *telemetry, answered chan<- struct{}) (bool, *cause) {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false, &causeShutdown
	}
	if !h.stillVerified(v) {
		return false, nil
	}
	device := v.device
	c.id, c.apiVersion, c.will = device, user.APIVersion, will
	c.sender = &sender{device.DeviceID, device.ModuleID, device.GenerationID, v.method, user.ModelID}
	h.attach(device, c, user.ModelID)
	c.attached = true
	present := c.resumeSession(p.CleanSession)
	c.expireWith(token)
	note := c.operation("deviceConnect", 200, fmt.Sprintf("connected over %s with api-version %q, CleanSession %d, session present: %t",
		c.nc.LocalAddr().Network(), user.APIVersion, bit(p.CleanSession), present))
	h.settle(func(err error) {
		defer close(answered)
		if err != nil {
			h.detach(device, c, causeStore(err))
			return
		}
		if !c.attached {
			return
		}
		h.note(note)
		c.ready = true
		c.send(&mqttcodec.Connack{SessionPresent: present})
		h.redeliver(device)
		h.attachmentReady(device)
	})
	return true, nil
}

// expireWith ends the connection when its token expires. A token that was accepted only because clocks may differ lasts until the
// largest difference that the hub accepts. When exactly the service does this is not public.
func (c *conn) expireWith(token *hubproto.SASToken) {
	if token == nil {
		return
	}
	remaining := time.Until(token.Expiry)
	if remaining <= 0 {
		remaining += hubproto.MaxClockSkew
	}
	c.expires = time.AfterFunc(remaining, func() { c.fail(causeExpired) })
}

// newWill checks the Will, which has to be telemetry of the device itself.
func newWill(user hubproto.Username, p *mqttcodec.Connect) (*telemetry, *cause) {
	bad := func(text string) (*telemetry, *cause) { return nil, &cause{code: 400004, text: text} }
	topic, err := hubproto.ParseTopic(string(p.WillTopic))
	if err != nil {
		return bad("the Will's " + err.Error())
	}
	if topic.Kind != hubproto.Telemetry || topic.DeviceID != user.DeviceID || topic.ModuleID != user.ModuleID {
		return bad("the Will's topic is not one of the device's telemetry")
	}
	if p.WillQoS > mqttcodec.QoS1 {
		return bad("the Will has QoS 2, which the hub does not support")
	}
	size, refused := checkBag(topic.Bag)
	var will *telemetry
	if refused == nil {
		will, refused = newTelemetry(topic.Bag, size, p.WillMessage, p.WillRetain)
	}
	if refused != nil {
		return bad("the Will: " + refused.Message)
	}
	will.will = true
	return will, nil
}
