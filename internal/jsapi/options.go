package jsapi

import (
	"encoding/json"
	"strings"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// connectOptions are the options of connect.
type connectOptions struct {
	ConnectionString string `json:"connectionString"`

	// Or its parts, with exactly one of key and sas.
	Host     string `json:"host"`
	DeviceID string `json:"deviceId"`
	ModuleID string `json:"moduleId"`
	Gateway  string `json:"gateway"`
	Key      string `json:"key"` // base64
	SAS      string `json:"sas"`

	Endpoint     string `json:"endpoint"` // a WebSocket URL; empty means the hub's own
	CleanSession bool   `json:"cleanSession"`
	ModelID      string `json:"modelId"`
}

func (o *connectOptions) credentials() (hubclient.Credentials, error) {
	if o.ConnectionString != "" {
		return hubclient.ParseConnectionString(o.ConnectionString)
	}
	credentials := hubclient.Credentials{Host: o.Host, DeviceID: o.DeviceID, ModuleID: o.ModuleID, Gateway: o.Gateway, SharedAccessSignature: o.SAS}
	switch {
	case o.Host == "":
		return credentials, &ArgumentError{"host", "missing: give connectionString, or host, deviceId and key or sas"}
	case o.DeviceID == "":
		return credentials, &ArgumentError{"deviceId", "missing"}
	case (o.Key == "") == (o.SAS == ""):
		return credentials, &ArgumentError{"key", "give exactly one of key and sas"}
	}
	var err error
	credentials.Key, err = parseKey("key", o.Key)
	return credentials, err
}

// enrollmentOptions are the options of register.
type enrollmentOptions struct {
	Endpoint       string          `json:"endpoint"`
	IDScope        string          `json:"idScope"`
	RegistrationID string          `json:"registrationId"`
	Key            string          `json:"key"`      // base64
	GroupKey       string          `json:"groupKey"` // base64
	SAS            string          `json:"sas"`
	Payload        json.RawMessage `json:"payload"`
}

func (o *enrollmentOptions) enrollment() (hubclient.Enrollment, error) {
	e := hubclient.Enrollment{
		Endpoint: o.Endpoint, IDScope: strings.TrimSpace(o.IDScope), RegistrationID: strings.TrimSpace(o.RegistrationID),
		SharedAccessSignature: o.SAS, Payload: o.Payload,
	}
	var err error
	if e.Key, err = parseKey("key", o.Key); err != nil {
		return e, err
	}
	e.GroupKey, err = parseKey("groupKey", o.GroupKey)
	return e, err
}

// parseKey reads a key in base64. An empty one is nil.
func parseKey(name, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	key, err := hubproto.ParseKey(text)
	if err != nil {
		return nil, &ArgumentError{name, err.Error()}
	}
	return key, nil
}

// decode reads a document that came from JavaScript.
func decode[T any](name, document string) (v T, err error) {
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		return v, &ArgumentError{name, err.Error()}
	}
	return v, nil
}
