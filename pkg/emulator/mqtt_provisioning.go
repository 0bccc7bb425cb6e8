package emulator

import (
	"fmt"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// acceptDPS checks a CONNECT to the provisioning service. Its sessions are never kept ("Use MQTT to communicate with DPS").
func (c *conn) acceptDPS(p *mqttcodec.Connect, user hubproto.Username, token *hubproto.SASToken) *cause {
	h := c.hub
	id := user.RegistrationID
	c.dps = &provisioning{registrationID: id} // as the device claims; attest proves it
	if err := hubproto.ValidRegistrationID(id); err != nil {
		return unauthorized("%v", err)
	}
	if !strings.EqualFold(string(p.ClientID), id) {
		return unauthorized("the client id is %q: it has to be the registration id %q", p.ClientID, id)
	}
	if scope := h.idScope(); user.IDScope != scope {
		return unauthorized("the ID scope is %q: this service's is %q", user.IDScope, scope)
	}
	if p.WillFlag {
		return unauthorized("DPS accepts no Will")
	}
	if token != nil {
		if resource := hubproto.RegistrationResource(user.IDScope, id); !strings.EqualFold(token.Resource, resource) && !token.Covers(resource) {
			return unauthorized("the token is for %q, the user name asks for %q", token.Resource, resource)
		}
		if token.Policy != hubproto.DPSPolicy {
			return unauthorized("the token's policy (skn) is %q: at DPS it has to be %q", token.Policy, hubproto.DPSPolicy)
		}
	} else if c.peer.cert == nil {
		return unauthorized("CONNECT has no password, and the connection no client certificate")
	} else if !strings.EqualFold(c.peer.cert.commonName, id) {
		return unauthorized("the certificate's common name is %q: it has to be the registration id", c.peer.cert.commonName)
	}
	proved, why := h.attest(proof{registrationID: id, host: c.peer.host, token: token, certificate: c.peer.cert})
	if why != "" {
		return unauthorized("%s", why)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return &causeShutdown
	}
	c.dps = proved
	c.attached, c.ready = true, true
	c.session = &session{clean: true}
	c.expireWith(token)
	h.note(c.operation("deviceConnect", 200, "connected to the provisioning service with api-version "+user.APIVersion))
	c.send(&mqttcodec.Connack{}) // never session present
	return nil
}

// publishDPS handles a request to the provisioning service. Its PUBACK goes out before the answer: the C# SDK insists.
func (c *conn) publishDPS(p *mqttcodec.Publish, topic hubproto.Topic) *cause {
	if len(p.Payload) > hubproto.MaxDPSMessage {
		return &cause{code: 413001, text: fmt.Sprintf("a message of %d bytes to DPS: at most %d are allowed", len(p.Payload), hubproto.MaxDPSMessage)}
	}
	h := c.hub
	packet := mqttcodec.Publish{QoS: p.QoS, PacketID: p.PacketID}
	answer := func(status operationStatus, refused *Error) {
		c.acknowledge(&packet)
		c.answerDPS(topic, status, refused)
	}
	switch topic.Kind {
	case hubproto.DPSRegister:
		payload, err := parseRegister(p.Payload, c.dps.registrationID)
		if err == nil {
			err = h.admit(meterRegister, 1, c.done)
		}
		h.startRegistration(c.done, c.dps, payload, err, answer)
	case hubproto.DPSPoll:
		h.pollRegistration(c.done, c.dps, topic.OperationID, answer)
	default:
		return c.unknownTopic(p, "the provisioning service takes registrations and polls only")
	}
	return nil
}

// answerDPS sends DPS's answer. h.mu is held.
func (c *conn) answerDPS(topic hubproto.Topic, status operationStatus, refused *Error) {
	answer := hubproto.Topic{Kind: hubproto.DPSResponse, RID: topic.RID, Status: 200}
	o := c.operation("register", 200, "")
	if topic.Kind == hubproto.DPSPoll {
		o.Name = "getOperationStatus"
	}
	var body []byte
	if refused != nil {
		answer.Status, answer.RetryAfter, answer.HasRetryAfter = refused.Status(), refused.RetryAfter, refused.RetryAfter > 0
		o.StatusCode, o.Description = refused.Code, refused.Message
		body = refused.deviceJSON()
	} else {
		body = encodeJSON(status)
		o.Description = "status " + string(status.Status)
		switch status.Status {
		case RegistrationAssigning:
			answer.Status, answer.RetryAfter, answer.HasRetryAfter = 202, c.hub.retryAfter(), true
			o.StatusCode = 202
			o.Description += ", retry after " + answer.RetryAfter.String()
		case RegistrationAssigned:
			o.Description = fmt.Sprintf("assigned to %s as device %q", status.State.AssignedHub, status.State.DeviceID)
		case RegistrationDisabled, RegistrationFailed:
			o.Level = LevelWarning
			o.Description += ": " + status.State.ErrorMessage
		}
	}
	c.hub.note(o)
	if qos, ok := c.session.subscribed(filterDPS); ok {
		c.sendOnce(qos, answer, body)
		return
	}
	c.hub.note(c.operation("response", 400004, "the answer has nowhere to go: subscribe to "+hubproto.DPSResponseFilter+" first"))
}
