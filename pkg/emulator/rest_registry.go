package emulator

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// id is the identity that the path names: a device, or a module of it.
func (x *exchange) id() string {
	if len(x.args) > 1 {
		return hubproto.ClientID(x.args[0], x.args[1])
	}
	return x.args[0]
}

func (h *Hub) restPutDevice(x *exchange) (*Response, error) {
	var d Device
	if err := x.decode(&d); err != nil {
		return nil, err
	}
	d.DeviceID = cmp.Or(d.DeviceID, x.args[0])
	if len(x.args) > 1 {
		d.ModuleID = cmp.Or(d.ModuleID, x.args[1])
	}
	if d.ID() != x.id() {
		return nil, errorf(400004, "ArgumentInvalid", "the body is about %q, the path about %q", d.ID(), x.id())
	}
	entry, err := h.putDevice(x.ctx, d, x.ifMatch(conditionNew))
	if err != nil {
		return nil, err
	}
	return jsonResponse(entry, entry.ETag), nil
}

func (h *Hub) restGetDevice(x *exchange) (*Response, error) {
	entry, err := h.Device(x.id())
	if err != nil {
		return nil, err
	}
	return jsonResponse(entry, entry.ETag), nil
}

func (h *Hub) restListDevices(x *exchange) (*Response, error) {
	top := 1000
	if text := x.Query.Get("top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, errorf(400004, "ArgumentInvalid", "top is %q: a number from 1 to 1000", text)
		}
		top = min(n, top)
	}
	all := []Device{}
	for d := range h.Devices() {
		if d.ModuleID == "" && len(all) < top {
			all = append(all, d)
		}
	}
	return jsonResponse(all, ""), nil
}

func (h *Hub) restListModules(x *exchange) (*Response, error) {
	if _, err := h.Device(x.args[0]); err != nil {
		return nil, err
	}
	all := []Device{}
	for d := range h.Devices() {
		if d.DeviceID == x.args[0] && d.ModuleID != "" {
			all = append(all, d)
		}
	}
	return jsonResponse(all, ""), nil
}

func (h *Hub) restDeleteDevice(x *exchange) (*Response, error) {
	if err := h.deleteDevice(x.ctx, x.id(), x.ifMatch("*")); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// bulkDevice is an element of POST /devices.
type bulkDevice struct {
	Device
	ID         string          `json:"id"`
	ModuleID   string          `json:"moduleId"`
	ETag       string          `json:"eTag"`
	ImportMode string          `json:"importMode"`
	Tags       json.RawMessage `json:"tags"`
	TwinETag   string          `json:"twinETag"`
	Properties struct {
		Desired json.RawMessage `json:"desired"`
	} `json:"properties"`
}

// maxBulk is how many devices one bulk request may name ("IoT Hub service REST", Bulk Registry).
const maxBulk = 100

func (h *Hub) restBulkDevices(x *exchange) (*Response, error) {
	var batch []bulkDevice
	if err := x.decode(&batch); err != nil {
		return nil, err
	}
	if len(batch) > maxBulk {
		return nil, errorf(400004, "ArgumentInvalid", "%d devices in one request: at most %d are allowed", len(batch), maxBulk)
	}
	type failure struct {
		DeviceID    string `json:"deviceId"`
		ModuleID    string `json:"moduleId,omitempty"`
		ErrorCode   int    `json:"errorCode"`
		ErrorStatus string `json:"errorStatus"`
	}
	result := struct {
		IsSuccessful bool      `json:"isSuccessful"`
		Errors       []failure `json:"errors"`
		Warnings     []failure `json:"warnings"`
	}{true, []failure{}, []failure{}}
	for _, d := range batch {
		if err := h.bulk(x, d); err != nil {
			e := asError(err)
			result.IsSuccessful = false
			result.Errors = append(result.Errors, failure{d.ID, d.ModuleID, e.Code, e.Message})
		}
	}
	res := jsonResponse(result, "")
	if !result.IsSuccessful {
		res.Status = 400
	}
	return res, nil
}

func (h *Hub) bulk(x *exchange, b bulkDevice) error {
	d := b.Device
	d.DeviceID, d.ModuleID = b.ID, b.ModuleID
	if b.ID == "" {
		return errorf(400004, "ArgumentInvalid", "an element has no id")
	}
	change := twinChange{}
	var err error
	if len(b.Tags) > 0 {
		if change.tags, err = parseServiceProperties(b.Tags); err != nil {
			return err
		}
	}
	if len(b.Properties.Desired) > 0 {
		if change.desired, err = parseServiceProperties(b.Properties.Desired); err != nil {
			return err
		}
	}
	condition := "*"
	switch mode := strings.ToLower(b.ImportMode); mode {
	case "create":
		condition = conditionNew
	case "update":
	case "createorupdate", "":
		condition = ""
	case "updateifmatchetag":
		condition = b.ETag
	case "createorupdateifmatchetag":
		if _, err := h.Device(d.ID()); err == nil {
			condition = b.ETag
		} else {
			condition = conditionNew
		}
	case "delete":
		return h.deleteDevice(x.ctx, d.ID(), "*")
	case "deleteifmatchetag":
		return h.deleteDevice(x.ctx, d.ID(), b.ETag)
	case "updatetwin", "updatetwinifmatchetag":
		etag := "*"
		if mode != "updatetwin" {
			etag = cmp.Or(b.TwinETag, b.ETag)
		}
		_, err := h.changeServiceTwin(x.ctx, d.ID(), change, etag)
		return err
	default:
		return errorf(400004, "ArgumentInvalid", "importMode is %q: use create, update, createOrUpdate, delete, updateTwin or one of their …IfMatchETag forms", b.ImportMode)
	}
	if _, err := h.putDevice(x.ctx, d, condition); err != nil {
		return err
	}
	if change.tags == nil && change.desired == nil {
		return nil
	}
	_, err = h.changeServiceTwin(x.ctx, d.ID(), change, "*")
	return err
}

func (h *Hub) restDeviceStatistics(*exchange) (*Response, error) {
	var s struct {
		Total    int `json:"totalDeviceCount"`
		Enabled  int `json:"enabledDeviceCount"`
		Disabled int `json:"disabledDeviceCount"`
	}
	for d := range h.Devices() {
		switch {
		case d.ModuleID != "":
			continue
		case d.Status == StatusEnabled:
			s.Enabled++
		default:
			s.Disabled++
		}
		s.Total++
	}
	return jsonResponse(s, ""), nil
}

func (h *Hub) restServiceStatistics(*exchange) (*Response, error) {
	var s struct {
		Connected int `json:"connectedDeviceCount"`
	}
	for d := range h.Devices() {
		if d.ModuleID == "" && d.ConnectionState == StateConnected {
			s.Connected++
		}
	}
	return jsonResponse(s, ""), nil
}

func (h *Hub) restPurge(x *exchange) (*Response, error) {
	n, err := h.Purge(x.ctx, x.args[0])
	if err != nil {
		return nil, err
	}
	return jsonResponse(map[string]any{"deviceId": x.args[0], "moduleId": nil, "totalMessagesPurged": n}, ""), nil
}
