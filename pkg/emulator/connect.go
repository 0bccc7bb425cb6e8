package emulator

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
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

// refuse answers CONNECT with a code and lets the device read it. The writer does not run yet.
func (c *conn) refuse(code mqttcodec.ConnectCode, why cause) error {
	c.refused = true
	o := c.operation("deviceConnect", why.code, why.text)
	if o.DeviceID == "" {
		o.DeviceID, o.ModuleID, _ = strings.Cut(c.who, "/")
	}
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
	c.who = string(p.ClientID)
	faults := c.hub.faults.Load()
	switch faults.verdict(c.who, p) {
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
	c.tasks.Go(c.write)
	return nil
}

func unauthorized(format string, args ...any) *cause {
	return &cause{code: 401002, text: hubproto.Redact(fmt.Sprintf(format, args...))}
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
	c.keepAlive = hubproto.MaxServerKeepAlive // also for keep-alive 0, of which the documents do not speak
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
	answered := make(chan struct{})
	if why := c.attach(name, p, user, token, answered); why != nil {
		return why
	}
	// What the device sends ahead must not be answered before its CONNECT is [MQTT-3.2.0-1].
	select {
	case <-answered:
	case <-c.done:
	}
	return nil
}

// attach makes the connection its identity's if it may be. It closes answered when CONNACK is on its way.
func (c *conn) attach(name string, p *mqttcodec.Connect, user hubproto.Username, token *hubproto.SASToken, answered chan<- struct{}) *cause {
	h := c.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return &causeShutdown
	}
	who, err := h.find(name)
	if err != nil {
		return &cause{code: err.(*Error).Code, text: err.(*Error).Message}
	}
	if who.Status == StatusDisabled || who.parent != nil && who.parent.Status == StatusDisabled {
		return &cause{code: 403001, text: "the device is disabled: enable it in the registry"}
	}
	if why, reason := c.checkDevice(who, user, token); why != "" {
		refusal := unauthorized("%s", why)
		refusal.reason = reason
		return refusal
	}
	if p.WillFlag {
		if why := c.makeWill(who, p); why != "" {
			return &cause{code: 400004, text: why}
		}
	}

	c.id, c.apiVersion = who, user.APIVersion
	c.sender = &sender{who.DeviceID, who.ModuleID, who.GenerationID, c.authMethod, user.ModelID}
	if who.conn != nil {
		h.detach(who.conn, causeTakenOver) // [MQTT-3.1.4-2]
	}
	now := time.Now().UTC()
	c.attached = true
	who.conn, who.ConnectionStateUpdatedTime, who.LastActivityTime = c, now, now
	if user.ModelID != "" && who.twin.ModelID != user.ModelID {
		who.twin.ModelID = user.ModelID
		who.twin.Version++
		h.saveTwin(who)
	}
	h.saveIdentity(who)
	present := h.resumeSession(who, p.CleanSession)
	c.session = who.session
	c.expireWith(token)
	note := c.operation("deviceConnect", 200, fmt.Sprintf("connected over %s with api-version %q, CleanSession %d, session present: %t",
		c.nc.LocalAddr().Network(), user.APIVersion, bit(p.CleanSession), present))
	h.settle(func(err error) {
		defer close(answered)
		if err != nil {
			h.detach(c, causeStore(err))
			return
		}
		if !c.attached {
			return
		}
		h.note(note)
		c.ready = true
		c.send(&mqttcodec.Connack{SessionPresent: present})
		h.redeliver(c)
		h.deliver(c)
		c.announceCallable()
	})
	return nil
}

// checkDevice reports why a device may not connect, or "". h.mu is held.
func (c *conn) checkDevice(who *identity, user hubproto.Username, token *hubproto.SASToken) (why string, reason Reason) {
	switch {
	case who.Authentication.Type != AuthSAS && token == nil:
		c.authMethod = authMethodJSON("x509Certificate", who)
		return c.checkCertificate(who), ""
	case token == nil:
		return "the device authenticates with a SAS token, and CONNECT has no password", ""
	}
	resource := hubproto.DeviceResource(user.Host, who.DeviceID, who.ModuleID)
	if !token.Covers(resource) {
		return fmt.Sprintf("the token is for %q, the user name asks for %q", token.Resource, resource), ""
	}
	c.authMethod = authMethodJSON("sas", who)
	if token.Policy != "" {
		if err := c.hub.checkPolicy(*token, rightDevice); err != nil {
			return err.Message, ""
		}
		c.authMethod = `{"scope":"hub","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}`
		return "", ""
	}
	if who.Authentication.Type != AuthSAS {
		return "the device authenticates with an X.509 certificate, not with a token", ""
	}
	if !signedByEither(*token, who.keys) {
		return "the token's signature was not made with a key of this device over its sr and se fields as they stand: check the key", ReasonWrongSignature
	}
	return "", ""
}

// authMethodJSON is what telemetry says about how its sender proved who it is.
func authMethodJSON(kind string, who *identity) string {
	scope := "device"
	if who.ModuleID != "" {
		scope = "module"
	}
	return `{"scope":"` + scope + `","type":"` + kind + `","issuer":"iothub","acceptingIpFilterRule":null}`
}

func (c *conn) checkCertificate(who *identity) string {
	cert := c.peer.cert
	if cert == nil {
		return "the device authenticates with an X.509 certificate, and the connection has none: connect over TLS and show it"
	}
	if who.Authentication.Type == AuthCA {
		switch {
		case cert.commonName != who.DeviceID:
			return "the certificate's common name is " + strconv.Quote(cert.commonName) + ": it has to be the device id"
		case !slices.ContainsFunc(c.hub.settings.Load().cas, cert.signedBy):
			return "the certificate was not signed by a CA that the hub trusts"
		}
		return ""
	}
	for _, print := range []string{who.Authentication.X509Thumbprint.PrimaryThumbprint, who.Authentication.X509Thumbprint.SecondaryThumbprint} {
		if print != "" && (print == cert.sha1 || print == cert.sha256) {
			return ""
		}
	}
	return "the certificate's thumbprint (SHA-1 " + cert.sha1 + ", SHA-256 " + cert.sha256 + ") is not one of the device's"
}

// expireWith cuts the connection when its token expires. One that was accepted only because clocks may disagree lasts until
// they may not. When exactly the service does this is not public.
func (c *conn) expireWith(token *hubproto.SASToken) {
	if token == nil {
		return
	}
	left := time.Until(token.Expiry)
	if left <= 0 {
		left += hubproto.MaxClockSkew
	}
	c.expires = time.AfterFunc(left, func() { c.fail(causeExpired) })
}

// makeWill checks the Will, which has to be telemetry of the device itself, and keeps it.
func (c *conn) makeWill(who *identity, p *mqttcodec.Connect) (why string) {
	topic, err := hubproto.ParseTopic(string(p.WillTopic))
	if err != nil {
		return "the Will's " + err.Error()
	}
	if topic.Kind != hubproto.Telemetry || topic.DeviceID != who.DeviceID || topic.ModuleID != who.ModuleID {
		return "the Will's topic is not one of the device's telemetry"
	}
	if p.WillQoS > mqttcodec.QoS1 {
		return "the Will has QoS 2, which the hub does not support"
	}
	will, bad := newTelemetry(topic.Bag, p.WillMessage, p.WillRetain)
	if bad != nil {
		return "the Will: " + bad.text
	}
	will.will = true
	c.will = will
	return ""
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
