package panel

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// connectWay is how a person says which device to connect.
type connectWay string

const (
	wayString connectWay = "string" // a connection string
	wayFields connectWay = "fields" // its parts
	wayToken  connectWay = "token"  // a SAS token made elsewhere
)

// connectForm is the connection form beside the connection string itself. key and token are secrets: see profiles.go for
// what may be kept of the rest.
type connectForm struct {
	way connectWay

	host, deviceID, moduleID field // of wayFields; of wayToken where the token does not name them
	key                      field // base64
	token                    field

	// Advanced. An empty field means the default.
	gateway, endpoint, modelID field
	keepAlive                  field // seconds
	tokenTTL                   field // minutes
	cleanSession               bool
	will                       bool
	willBody                   field

	asked int // how often another place on the page has asked for the secret that is missing
}

func newConnectForm() connectForm {
	f := connectForm{way: wayString}
	f.willBody.set(`{"offline": true}`)
	return f
}

// settings is what the form asks for: who connects, and how.
type settings struct {
	credentials hubclient.Credentials
	options     hubclient.Options
}

func trimmed(f *field) string { return strings.TrimSpace(f.text) }

// settings reads the form with hubclient's own checks.
func (d *device) settings() (s settings, err error) {
	if s.credentials, err = d.formCredentials(); err != nil {
		return s, err
	}
	if gateway := trimmed(&d.form.gateway); gateway != "" {
		s.credentials.Gateway = gateway
	}
	if s.options, err = d.form.options(); err != nil {
		return s, err
	}
	s.options.Endpoint, err = d.form.checkedEndpoint()
	if err != nil {
		return s, err
	}
	_, err = hubclient.New(s.credentials, &s.options)
	return s, err
}

func (d *device) formCredentials() (hubclient.Credentials, error) {
	f := &d.form
	cr := hubclient.Credentials{Host: trimmed(&f.host), DeviceID: trimmed(&f.deviceID), ModuleID: trimmed(&f.moduleID)}
	switch f.way {
	case wayFields:
		if cr.Host == "" {
			return cr, l10n.New("host is missing: give the hub's name, such as myhub.azure-devices.net")
		}
		key, err := hubclient.ParseKey(f.key.text)
		cr.Key = key
		return cr, err
	case wayToken:
		cr.SharedAccessSignature = trimmed(&f.token)
		token, err := hubproto.ParseSAS(cr.SharedAccessSignature)
		if err != nil {
			return cr, l10n.New("this %v", err)
		}
		host, deviceID, moduleID := tokenIdentity(token.Resource)
		if cr.Host = host; deviceID != "" {
			cr.DeviceID = deviceID
		}
		if moduleID != "" {
			cr.ModuleID = moduleID
		}
		return cr, nil
	}
	return hubclient.ParseConnectionString(d.connection.text)
}

// options are the Advanced part, without Endpoint: a device that DPS assigned is connected with them too.
func (f *connectForm) options() (o hubclient.Options, err error) {
	o.CleanSession, o.ModelID = f.cleanSession, trimmed(&f.modelID)
	if o.ModelID != "" && !strings.HasPrefix(o.ModelID, "dtmi:") {
		return o, l10n.New("the model id is not a DTMI: it begins with dtmi:, such as dtmi:com:example:Thermostat;1")
	}
	if o.KeepAlive, err = wholeUnits(l10n.New("keep-alive"), &f.keepAlive, time.Second, hubproto.MaxKeepAlive); err != nil {
		return o, err
	}
	if o.TokenTTL, err = wholeUnits(l10n.New("token lifetime"), &f.tokenTTL, time.Minute, 365*24*time.Hour); err != nil {
		return o, err
	}
	if f.will {
		o.Will = &hubclient.Message{Body: []byte(f.willBody.text)}
		if checkJSON("", f.willBody.text) == nil {
			o.Will.ContentType, o.Will.ContentEncoding = "application/json", "utf-8"
		}
	}
	return o, nil
}

// wholeUnits reads a number of seconds or minutes; an empty field is zero, the default.
func wholeUnits(what *l10n.Message, f *field, unit, limit time.Duration) (time.Duration, error) {
	if trimmed(f) == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(trimmed(f))
	if err != nil || n < 1 || n > int(limit/unit) {
		return 0, l10n.New("the %v is not a whole number from 1 to %d", what, int(limit/unit))
	}
	return time.Duration(n) * unit, nil
}

func (f *connectForm) checkedEndpoint() (string, error) {
	s := trimmed(&f.endpoint)
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "wss" && u.Scheme != "ws" || u.Host == "" || u.User != nil {
		return "", l10n.New("the endpoint is not a WebSocket address: write it as wss://gateway.example/mqtt")
	}
	return s, nil
}

// forgetSecrets empties every field that holds a secret.
func (d *device) forgetSecrets() {
	d.connection.set("")
	d.form.key.set("")
	d.form.token.set("")
	d.credentials.Key, d.credentials.SharedAccessSignature = nil, ""
}
