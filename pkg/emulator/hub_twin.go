package emulator

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// twin is the document that the device and the service share. The documents are replaced, never changed in place. Guarded by
// Hub.mu.
type twin struct {
	Tags, Desired, Reported         map[string]any
	DesiredMeta, ReportedMeta       map[string]any // when each property was last changed, in the form that services see; nil until then
	Created                         time.Time      // the time of the last change of properties that never changed
	DesiredVersion, ReportedVersion int64
	Version                         int64  // of the whole document
	ETag                            uint64 // counts changes of tags and desired properties
	ModelID                         string // IoT Plug and Play, from the user name
}

func newTwin(now time.Time) twin {
	return twin{Created: now, DesiredVersion: 1, ReportedVersion: 1, Version: 1, ETag: 1}
}

// meta is the metadata of the desired or the reported properties as services see it. A device that never had any property, as most, keeps
// none.
func (t *twin) meta(meta map[string]any) map[string]any {
	if meta == nil {
		return map[string]any{"$lastUpdated": timestamp(t.Created)}
	}
	return meta
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
func (h *Hub) patchReported(device *identity, patch map[string]any) error {
	t := &device.twin
	merged := hubproto.MergePatch(t.Reported, patch)
	if err := checkSize("reported properties", merged, hubproto.MaxReportedSize); err != nil {
		return err
	}
	t.ReportedMeta = updateMeta(t.ReportedMeta, patch, timestamp(time.Now()), 0)
	t.Reported = merged
	t.ReportedVersion++
	t.Version++
	h.saveTwin(device)
	return nil
}

// twinChange is a service's change of a twin; nil parts stay as they are.
type twinChange struct {
	tags, desired map[string]any
	replace       bool // not a patch: members that are not in it are removed
}

// changeTwin applies a service's change and notifies the device. It returns the version of the desired properties. h.mu is held.
func (h *Hub) changeTwin(device *identity, change twinChange) (version int64, err error) {
	t := &device.twin
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
			// The device gets the new content, and null for each property that was removed.
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
		h.saveTwin(device)
		h.notifyDesired(device, patch, t.DesiredVersion)
		return t.DesiredVersion, nil
	}
	h.saveTwin(device)
	return t.DesiredVersion, nil
}

func apply(doc, change map[string]any, replace bool) map[string]any {
	if replace {
		doc = nil // still a merge: it takes out the nulls
	}
	return hubproto.MergePatch(doc, change)
}

// notifyDesired notifies a connected device of a change, once the change is durable. The notice is not queued for
// later, because a device reads its twin when it connects ("Understand and use device twins", device reconnection flow). h.mu is held.
func (h *Hub) notifyDesired(device *identity, patch map[string]any, version int64) {
	body := encodeJSON(with(patch, "$version", version))
	h.settle(func(err error) {
		if err == nil && device.attached != nil {
			device.attached.desired(version, body)
		}
	})
}

// PatchDesired merges patch, a JSON object, into the desired properties of a device ("dev-1") or module ("dev-1/mod-1"), notifies
// the device, and returns the new $version when it is durable. Errors: 404001 or 404010 when there is no such device or module, 400004
// for an illegal patch, 413001 when the desired properties would have more than 32 KiB.
func (h *Hub) PatchDesired(ctx context.Context, id string, patch json.RawMessage) (version int64, err error) {
	desired, err := parseServiceProperties(patch)
	if err != nil {
		return 0, err
	}
	err = h.change(ctx, func() error {
		device, err := h.find(id)
		if err != nil {
			return err
		}
		if version, err = h.changeTwin(device, twinChange{desired: desired}); err != nil {
			return err
		}
		h.note(Operation{Category: CategoryC2DTwin, Name: "update", DeviceID: device.DeviceID, ModuleID: device.ModuleID, StatusCode: 200,
			Description: "a service patched the desired properties"})
		return nil
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

// serviceTwin is the twin of a device or module as services see it, with tags, metadata and the state of the device. It is durable.
func (h *Hub) serviceTwin(ctx context.Context, id string) (doc map[string]any, err error) {
	err = h.change(ctx, func() error {
		device, err := h.find(id)
		if err == nil {
			doc = device.serviceTwin()
		}
		return err
	})
	return doc, err
}

// serviceTwins are the twins of all devices, or of all modules.
func (h *Hub) serviceTwins(ctx context.Context, modules bool) (docs []map[string]any, err error) {
	err = h.read(ctx, func() error {
		h.each(func(device *identity) {
			if (device.ModuleID != "") == modules {
				docs = append(docs, device.serviceTwin())
			}
		})
		return nil
	})
	return docs, err
}

// changeServiceTwin applies a change under an ETag or "*", and returns the whole twin when it is durable.
func (h *Hub) changeServiceTwin(ctx context.Context, id string, change twinChange, etag string) (doc map[string]any, err error) {
	err = h.change(ctx, func() error {
		device, err := h.find(id)
		if err == nil && etag != "*" && etag != etagOf(device.twin.ETag) {
			err = errPrecondition(etagOf(device.twin.ETag), etag)
		}
		if err == nil {
			_, err = h.changeTwin(device, change)
		}
		if err != nil {
			return err
		}
		how := "patched"
		if change.replace {
			how = "replaced"
		}
		h.note(Operation{Category: CategoryC2DTwin, Name: "update", DeviceID: device.DeviceID, ModuleID: device.ModuleID, StatusCode: 200,
			Description: "a service " + how + " tags or desired properties"})
		doc = device.serviceTwin()
		return nil
	})
	return doc, err
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

// serviceTwin is the twin as services see it, with tags, metadata and the state of the device. h.mu is held; the documents in
// it are never changed in place, so it may be used after that.
func (device *identity) serviceTwin() map[string]any {
	t := &device.twin
	d := device.view()
	doc := map[string]any{
		"deviceId":                  d.DeviceID,
		"etag":                      etagOf(t.ETag),
		"deviceEtag":                d.ETag,
		"status":                    d.Status,
		"statusUpdateTime":          d.StatusUpdatedTime,
		"connectionState":           d.ConnectionState,
		"lastActivityTime":          d.LastActivityTime,
		"cloudToDeviceMessageCount": json.Number(jsonInt(int64(d.CloudToDeviceMessageCount))),
		"authenticationType":        d.Authentication.Type,
		"x509Thumbprint":            map[string]any{"primaryThumbprint": emptyIsNull(d.Authentication.X509Thumbprint.PrimaryThumbprint), "secondaryThumbprint": emptyIsNull(d.Authentication.X509Thumbprint.SecondaryThumbprint)},
		"modelId":                   t.ModelID,
		"version":                   json.Number(jsonInt(t.Version)),
		"tags":                      orEmpty(t.Tags),
		"properties": map[string]any{
			"desired":  with(with(t.Desired, "$metadata", t.meta(t.DesiredMeta)), "$version", json.Number(jsonInt(t.DesiredVersion))),
			"reported": with(with(t.Reported, "$metadata", t.meta(t.ReportedMeta)), "$version", json.Number(jsonInt(t.ReportedVersion))),
		},
		"capabilities": map[string]any{"iotEdge": d.Capabilities.IoTEdge},
	}
	if d.ModuleID != "" {
		doc["moduleId"] = d.ModuleID
	}
	return doc
}

func jsonInt(n int64) string { return string(encodeJSON(n)) }

func emptyIsNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orEmpty(doc map[string]any) map[string]any {
	if doc == nil {
		return map[string]any{}
	}
	return doc
}
