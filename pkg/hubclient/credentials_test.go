package hubclient

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func TestNewChecksItsArguments(t *testing.T) {
	good := Credentials{Host: testHost, DeviceID: testID, Key: testKey}
	for name, tt := range map[string]struct {
		cr   func(*Credentials)
		o    Options
		text string
	}{
		"no host":            {cr: func(c *Credentials) { c.Host = "" }, text: "host is empty"},
		"an address as host": {cr: func(c *Credentials) { c.Host = "https://x.net/" }, text: "holds a slash"},
		"a bad gateway":      {cr: func(c *Credentials) { c.Gateway = "a b" }, text: "gateway holds ' '"},
		"no device":          {cr: func(c *Credentials) { c.DeviceID = "" }, text: "device id is empty"},
		"a bad module":       {cr: func(c *Credentials) { c.ModuleID = "a/b" }, text: "module's device id holds '/'"},
		"no secret":          {cr: func(c *Credentials) { c.Key = nil }, text: "exactly one of"},
		"two secrets":        {cr: func(c *Credentials) { c.X509 = true }, text: "exactly one of"},
		"another's token": {cr: func(c *Credentials) {
			c.Key, c.SharedAccessSignature = nil, hubproto.SignSAS(testKey, testHost+"/devices/other", "", time.Now())
		}, text: `the token is for "myhub.azure-devices.net/devices/other"`},
		"keep-alive too long":    {o: Options{KeepAlive: 20 * time.Minute}, text: "KeepAlive is 20m0s"},
		"token too short":        {o: Options{TokenTTL: time.Second}, text: "TokenTTL is 1s"},
		"a version that is none": {o: Options{APIVersion: "latest"}, text: `APIVersion is "latest": give a date such as "2021-04-12", or "none"`},
		"methods without a version": {o: Options{APIVersion: "none", OnMethod: func(context.Context, Method) (Response, error) { return Response{}, nil }},
			text: "without a version the hub has no methods"},
		"a module of an old version": {cr: func(c *Credentials) { c.ModuleID = "m" }, o: Options{APIVersion: "2016-11-14"}, text: `modules need at least "2018-06-30"`},
		"inputs of a device":         {o: Options{OnInput: func(context.Context, Delivery) error { return nil }}, text: "only modules have inputs"},
		"a will too long":            {o: Options{Will: &Message{Body: make([]byte, 70000)}}, text: "Will"},
	} {
		t.Run(name, func(t *testing.T) {
			cr := good
			if tt.cr != nil {
				tt.cr(&cr)
			}
			_, err := New(cr, &tt.o)
			require.ErrorContains(t, err, tt.text)
			wantNoSecret(t, err.Error())
		})
	}
	require.False(t, errors.Is(ErrClosed, context.Canceled))
}

func TestCredentialsShowNoSecret(t *testing.T) {
	token := hubproto.SignSAS(testKey, testHost, "", time.Unix(1700000000, 0))
	for _, cr := range []Credentials{
		{Host: testHost, DeviceID: testID, Key: testKey},
		{Host: testHost, DeviceID: testID, SharedAccessSignature: token},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			wantNoSecret(t, fmt.Sprintf(verb, cr))
		}
		wantNoSecret(t, cr.LogValue().String())
	}
	e := Enrollment{IDScope: "0ne", RegistrationID: "reg", GroupKey: testKey}
	wantNoSecret(t, fmt.Sprintf("%v %+v %#v", e, e, e))
}
