package emulator

import (
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// publishTwin handles a device's twin request. Its answer comes when it is durable, and the next packet is read after that: so
// acknowledgements and answers keep the order of the requests.
func (c *conn) publishTwin(p *mqttcodec.Publish, topic hubproto.Topic) *cause {
	h := c.hub
	var patch map[string]any
	refused := c.checkTwinRequest(topic.Kind)
	if topic.Kind == hubproto.TwinPatchReported && refused == nil {
		var err error
		if patch, err = hubproto.ParseTwinPatch(p.Payload); err != nil {
			refused = errInvalid(err)
		}
	}
	packet := mqttcodec.Publish{QoS: p.QoS, PacketID: p.PacketID}
	h.changeFor(c.done, func() func(error) {
		if !c.attached {
			return nil
		}
		h.active(c.id, time.Now().UTC())
		if refused == nil && patch != nil {
			if err := h.patchReported(c.id, patch); err != nil {
				refused = asError(err)
			}
		}
		answer := hubproto.Topic{Kind: hubproto.TwinResponse, RID: topic.RID, Status: 204}
		var body []byte
		switch {
		case refused != nil:
			answer.Status, body = refused.Status(), refused.deviceJSON()
			o := c.operation("update", refused.Code, refused.Message)
			o.Category = CategoryD2CTwin
			h.note(o)
		case topic.Kind == hubproto.TwinGet:
			answer.Status, body = 200, c.id.twin.deviceDocument()
		default:
			answer.Version, answer.HasVersion = c.id.twin.ReportedVersion, true
		}
		return func(err error) {
			if err != nil {
				failed := errStore(err)
				answer = hubproto.Topic{Kind: hubproto.TwinResponse, RID: topic.RID, Status: failed.Status()}
				body = failed.deviceJSON()
			}
			c.acknowledge(&packet)
			if qos, ok := c.session.subscribed(filterTwinResponse); ok {
				c.sendOnce(qos, answer, body)
				return
			}
			o := c.operation("twinResponse", 400004, "the answer to a twin request has nowhere to go: subscribe to "+hubproto.TwinResponseFilter+" first")
			o.Category, o.Level = CategoryD2CTwin, LevelWarning
			h.note(o)
		}
	})
	return nil
}

// checkTwinRequest refuses a request for reasons that do not depend on the twin.
func (c *conn) checkTwinRequest(kind hubproto.TopicKind) *Error {
	m := meterTwinRead
	if kind == hubproto.TwinPatchReported {
		m = meterTwinUpdate
	}
	switch {
	case c.hub.throttles():
		return errThrottled()
	case c.apiVersion == "":
		// As reported of the service for user names without an api-version.
		return errorf(400004, "ArgumentInvalid", "twins need an api-version in the user name: {hub}/{device}/?api-version=%s", hubproto.APIVersion)
	}
	return c.hub.admit(m, 1, c.done)
}
