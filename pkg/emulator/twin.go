package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// twin is the document that the device and the service share. The documents are replaced, never changed in place. Guarded by
// Hub.mu.
type twin struct {
	Tags, Desired, Reported         map[string]any
	DesiredMeta, ReportedMeta       map[string]any // when each property was last changed, in the form that services see
	DesiredVersion, ReportedVersion int64
	Version                         int64  // of the whole document
	ETag                            uint64 // counts changes of what services write
	ModelID                         string // IoT Plug and Play, from the user name
}

func newTwin(now time.Time) twin {
	meta := map[string]any{"$lastUpdated": timestamp(now)}
	return twin{DesiredMeta: meta, ReportedMeta: meta, DesiredVersion: 1, ReportedVersion: 1, Version: 1, ETag: 1}
}

// updateMeta records that a patch was applied; version is 0 for reported properties, which have no version of their own there.
func updateMeta(meta, patch map[string]any, now string, version int64) map[string]any {
	updated := with(meta, "$lastUpdated", now)
	if version != 0 {
		updated["$lastUpdatedVersion"] = version
	}
	for key, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(updated, key)
		case map[string]any:
			old, _ := updated[key].(map[string]any)
			updated[key] = updateMeta(old, value, now, version)
		default:
			updated[key] = updateMeta(nil, nil, now, version)
		}
	}
	return updated
}

// deviceDocument is the twin as its device gets it: {"desired":{…},"reported":{…}}, without tags and metadata, unwrapped.
func (t *twin) deviceDocument() []byte {
	return encodeJSON(map[string]any{
		"desired":  with(t.Desired, "$version", t.DesiredVersion),
		"reported": with(t.Reported, "$version", t.ReportedVersion),
	})
}

func checkSize(part string, doc map[string]any, limit int) error {
	if size := hubproto.TwinSize(doc); size > limit {
		return errorf(413001, "MessageTooLarge", "the twin's %s would have %d bytes: at most %d are allowed", part, size, limit)
	}
	return nil
}

// patchReported applies a device's patch. h.mu is held.
func (h *Hub) patchReported(who *identity, patch map[string]any) error {
	t := &who.twin
	merged := hubproto.MergePatch(t.Reported, patch)
	if err := checkSize("reported properties", merged, hubproto.MaxReportedSize); err != nil {
		return err
	}
	t.ReportedMeta = updateMeta(t.ReportedMeta, patch, timestamp(time.Now()), 0)
	t.Reported = merged
	t.ReportedVersion++
	t.Version++
	h.saveTwin(who)
	return nil
}

// twinChange is what a service wants of a twin; nil parts stay as they are.
type twinChange struct {
	tags, desired map[string]any
	replace       bool // not a patch: what is not named goes away
}

// changeTwin applies a service's change and tells the device. It returns the version of the desired properties. h.mu is held.
func (h *Hub) changeTwin(who *identity, change twinChange) (version int64, err error) {
	t := &who.twin
	tags, desired := t.Tags, t.Desired
	if change.tags != nil {
		tags = apply(t.Tags, change.tags, change.replace)
		if err := checkSize("tags", tags, hubproto.MaxTagsSize); err != nil {
			return 0, err
		}
	}
	if change.desired != nil {
		desired = apply(t.Desired, change.desired, change.replace)
		if err := checkSize("desired properties", desired, hubproto.MaxDesiredSize); err != nil {
			return 0, err
		}
	}
	if change.tags != nil || change.desired != nil {
		t.Version++
		t.ETag++
	}
	t.Tags = tags
	if change.desired != nil {
		patch := change.desired
		if change.replace {
			// The device gets the new content, and null for each property that went away.
			for key := range t.Desired {
				if _, stays := desired[key]; !stays {
					patch = with(patch, key, nil)
				}
			}
			t.DesiredMeta = nil
		}
		t.Desired = desired
		t.DesiredVersion++
		t.DesiredMeta = updateMeta(t.DesiredMeta, patch, timestamp(time.Now()), t.DesiredVersion)
		h.saveTwin(who)
		h.notifyDesired(who, patch, t.DesiredVersion)
		return t.DesiredVersion, nil
	}
	h.saveTwin(who)
	return t.DesiredVersion, nil
}

func apply(doc, change map[string]any, replace bool) map[string]any {
	if replace {
		doc = nil // still a merge: it takes out the nulls
	}
	return hubproto.MergePatch(doc, change)
}

// notifyDesired tells a device that is connected and has subscribed about a change, once it is durable. It is not queued for
// later: a device reads its twin when it connects ("Understand and use device twins", device reconnection flow). h.mu is held.
func (h *Hub) notifyDesired(who *identity, patch map[string]any, version int64) {
	body := encodeJSON(with(patch, "$version", version))
	h.settle(func(err error) {
		c := who.conn
		if err != nil || c == nil || !c.ready {
			return
		}
		qos, ok := c.subscribed(filterTwinDesired)
		if !ok {
			return
		}
		c.toDevice(qos, hubproto.Topic{Kind: hubproto.TwinDesired, Version: version, HasVersion: true}, body)
	})
}

// PatchDesired merges patch, a JSON object, into the desired properties of a device ("dev-1") or module ("dev-1/mod-1"), tells
// the device, and returns the new $version when it is durable.
func (h *Hub) PatchDesired(ctx context.Context, id string, patch json.RawMessage) (version int64, err error) {
	desired, err := parseServiceProperties(patch)
	if err != nil {
		return 0, err
	}
	if err := h.lockOpen(); err != nil {
		return 0, err
	}
	who, err := h.find(id)
	if err == nil {
		version, err = h.changeTwin(who, twinChange{desired: desired})
	}
	if err != nil {
		h.mu.Unlock()
		return 0, err
	}
	h.note(Operation{Category: CategoryC2DTwin, Name: "update", DeviceID: who.DeviceID, ModuleID: who.ModuleID, StatusCode: 200,
		Description: "a service patched the desired properties"})
	h.mu.Unlock()
	if err := h.settled(ctx); err != nil {
		return 0, errStore(err)
	}
	return version, nil
}

// parseServiceProperties reads tags or desired properties from a service. What it read before ($version, $metadata) it may send
// back; it has no effect.
func parseServiceProperties(raw json.RawMessage) (map[string]any, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) == nil {
		_, hasVersion := members["$version"]
		_, hasMetadata := members["$metadata"]
		if hasVersion || hasMetadata {
			delete(members, "$version")
			delete(members, "$metadata")
			raw = encodeJSON(members)
		}
	}
	doc, err := hubproto.ParseTwinPatch(raw)
	if err != nil {
		return nil, errInvalid(err)
	}
	return doc, nil
}

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
	h.mu.Lock()
	if !c.attached {
		h.mu.Unlock()
		return nil
	}
	c.id.LastActivityTime = time.Now().UTC()
	if refused == nil && patch != nil {
		if err := h.patchReported(c.id, patch); err != nil {
			refused = err.(*Error)
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
	packet := mqttcodec.Publish{QoS: p.QoS, PacketID: p.PacketID}
	done := make(chan struct{})
	h.settle(func(err error) {
		defer close(done)
		if err != nil {
			failed := errStore(err)
			answer = hubproto.Topic{Kind: hubproto.TwinResponse, RID: topic.RID, Status: failed.Status()}
			body = failed.deviceJSON()
		}
		c.acknowledge(&packet)
		if qos, ok := c.subscribed(filterTwinResponse); ok {
			c.toDevice(qos, answer, body)
			return
		}
		o := c.operation("twinResponse", 400004, "the answer to a twin request has nowhere to go: subscribe to "+hubproto.TwinResponseFilter+" first")
		o.Category, o.Level = CategoryD2CTwin, LevelWarning
		h.note(o)
	})
	h.mu.Unlock()
	select {
	case <-done:
	case <-c.done:
	}
	return nil
}

// checkTwinRequest refuses what needs no look at the twin.
func (c *conn) checkTwinRequest(kind hubproto.TopicKind) *Error {
	m := meterTwinRead
	if kind == hubproto.TwinPatchReported {
		m = meterTwinUpdate
	}
	switch {
	case c.hub.faults.Load().Throttle:
		return errThrottled()
	case c.apiVersion == "":
		// As reported of the service for user names without an api-version.
		return errorf(400004, "ArgumentInvalid", "twins need an api-version in the user name: {hub}/{device}/?api-version=%s", hubproto.APIVersion)
	}
	return c.hub.admit(m, 1, c.done)
}

// deviceJSON is an error in the body of a twin's or DPS's answer. SDKs tell an error by its errorCode, not by the topic's status, so
// it is never empty.
func (e *Error) deviceJSON() []byte {
	return encodeJSON(struct {
		ErrorCode    int    `json:"errorCode"`
		TrackingID   string `json:"trackingId"`
		Message      string `json:"message"`
		TimestampUTC string `json:"timestampUtc"`
	}{e.Code, newTrackingID(), e.Message, timestamp(time.Now())})
}

// asError makes a refusal of any error.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return errorf(500001, "ServerError", "%v", err)
}
