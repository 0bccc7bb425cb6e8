package connection

import (
	"net/url"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// connectWay is how a person names the device to connect.
type connectWay string

const (
	wayString connectWay = "string" // a connection string
	wayFields connectWay = "fields" // its parts
	wayToken  connectWay = "token"  // a SAS token made elsewhere
)

// Form is the connection form. The page's lock guards it. Its methods are called with the lock held.
type Form struct {
	page     *page.Page
	emulator *hubservice.Emulator
	connect  func() // what submitting the form does; without the lock

	way        connectWay
	connection ui.Field // the connection string, a secret that stays in memory
	reveal     bool     // secrets are shown in clear
	pressed    pressed  // the focus goes to the button that takes the place of the one that was pressed

	host, deviceID, moduleID ui.Field // of wayFields; of wayToken where the token does not name them
	key                      ui.Field // base64; a secret
	token                    ui.Field // a secret

	// Advanced. An empty field means the default.
	gateway, endpoint, modelID ui.Field
	keepAlive                  ui.Field // seconds
	tokenTTL                   ui.Field // minutes
	cleanSession               bool
	will                       bool
	willBody                   ui.Field

	secretRequests int // how often another place on the page has asked for the secret that is missing
}

// pressed is which of the connection's two buttons a person pressed last.
type pressed int

const (
	pressedNone pressed = iota
	pressedConnect
	pressedDisconnect
)

func newForm(p *page.Page, e *hubservice.Emulator, connect func()) *Form {
	f := &Form{page: p, emulator: e, connect: connect}
	f.clear()
	return f
}

// clear empties the form, except for the connection string.
func (f *Form) clear() {
	connection := f.connection
	*f = Form{page: f.page, emulator: f.emulator, connect: f.connect, way: wayString, connection: connection, reveal: f.reveal, pressed: f.pressed}
	f.willBody.Set(`{"offline": true}`)
}

// Settings reads the form with hubclient's own checks.
func (f *Form) Settings() (s Settings, err error) {
	if s.Credentials, err = f.Credentials(); err != nil {
		return s, err
	}
	if gateway := f.gateway.Trimmed(); gateway != "" {
		s.Credentials.Gateway = gateway
	}
	if s.Options, err = f.options(); err != nil {
		return s, err
	}
	if s.Options.Endpoint, err = f.checkedEndpoint(); err != nil {
		return s, err
	}
	_, err = hubclient.New(s.Credentials, &s.Options)
	return s, err
}

// Credentials reads the part of the form that says which device to connect. With an error they have the parts that were readable.
func (f *Form) Credentials() (hubclient.Credentials, error) {
	cr := hubclient.Credentials{Host: f.host.Trimmed(), DeviceID: f.deviceID.Trimmed(), ModuleID: f.moduleID.Trimmed()}
	switch f.way {
	case wayFields:
		if cr.Host == "" {
			return cr, l10n.New("host is missing: give the hub's name, such as myhub.azure-devices.net")
		}
		key, err := hubclient.ParseKey(f.key.Text)
		cr.Key = key
		return cr, err
	case wayToken:
		cr.SharedAccessSignature = f.token.Trimmed()
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
	return hubclient.ParseConnectionString(f.connection.Text)
}

// options reads the Advanced part, without Endpoint: a device that DPS assigned is connected with them too.
func (f *Form) options() (o hubclient.Options, err error) {
	o.CleanSession, o.ModelID = f.cleanSession, f.modelID.Trimmed()
	if o.ModelID != "" && !strings.HasPrefix(o.ModelID, "dtmi:") {
		return o, l10n.New("the model id is not a DTMI: it begins with dtmi:, such as dtmi:com:example:Thermostat;1")
	}
	if o.KeepAlive, err = page.WholeUnits(l10n.New("keep-alive"), &f.keepAlive, time.Second, hubproto.MaxKeepAlive); err != nil {
		return o, err
	}
	if o.TokenTTL, err = page.WholeUnits(l10n.New("token lifetime"), &f.tokenTTL, time.Minute, 365*24*time.Hour); err != nil {
		return o, err
	}
	if f.will {
		o.Will = &hubclient.Message{Body: []byte(f.willBody.Text)}
		if jsontext.Check("", f.willBody.Text) == nil {
			o.Will.ContentType, o.Will.ContentEncoding = "application/json", "utf-8"
		}
	}
	return o, nil
}

// checkedEndpoint reads the custom endpoint; an empty field is none.
func (f *Form) checkedEndpoint() (string, error) {
	s := f.endpoint.Trimmed()
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "wss" && u.Scheme != "ws" || u.Host == "" || u.User != nil {
		return "", l10n.New("the endpoint is not a WebSocket address: write it as wss://gateway.example/mqtt")
	}
	return s, nil
}

// OfferConnectionString fills in a connection string.
func (f *Form) OfferConnectionString(s string) { f.connection.Set(s) }

// OfferReadyMade fills in the connection string of the emulator's ready-made device if the form has none, or still has the one of before.
func (f *Form) OfferReadyMade(before, now string) {
	if s := f.connection.Text; s == "" || s == before {
		f.connection.Set(now)
	}
}

// OfferAssigned fills in the device that was registered with a token, and asks for its key: that token is for the Device Provisioning
// Service only.
func (f *Form) OfferAssigned(a hubclient.Assignment) {
	f.way = wayFields
	f.host.Set(a.AssignedHub)
	f.deviceID.Set(a.DeviceID)
	f.moduleID.Set("")
	f.key.Set("")
	f.secretRequests++
}

// choose switches to another way to connect.
func (f *Form) choose(way connectWay) { f.way, f.pressed = way, pressedNone }

// secrets returns the keys and tokens of the form.
func (f *Form) secrets() []string {
	return append(page.SecretsIn(f.connection.Text), f.key.Text, f.token.Text)
}

// forgetSecrets empties every field that has a secret.
func (f *Form) forgetSecrets() {
	f.connection.Set("")
	f.key.Set("")
	f.token.Set("")
}
