package hubproto

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsername(t *testing.T) {
	device := Username{Host: "h.net", DeviceID: "d", APIVersion: "2021-04-12"}
	for s, want := range map[string]Username{
		"h.net/d/?api-version=2021-04-12":     device,
		"h.net/d/?api-version=2021-04-12&x=y": device,
		"h.net/d/api-version=2016-11-14":      {Host: "h.net", DeviceID: "d", APIVersion: "2016-11-14"},
		"h.net/d":                             {Host: "h.net", DeviceID: "d"},
		"h.net/d/":                            {Host: "h.net", DeviceID: "d"},
		"h.net/d/DeviceClientType=azure-iot-device%2F1.1.2&api-version=2016-11-14": {Host: "h.net", DeviceID: "d", APIVersion: "2016-11-14", ClientType: "azure-iot-device/1.1.2"},
		"h.net/d/?api-version=2021-04-12&DeviceClientType=py/1 (x/y)":              {Host: "h.net", DeviceID: "d", APIVersion: "2021-04-12", ClientType: "py/1 (x/y)"},
		"h.net/d/?api-version=2021-04-12&model-id=dtmi:com:example:T;1&DeviceClientType=a%20b": {Host: "h.net", DeviceID: "d", APIVersion: "2021-04-12",
			ModelID: "dtmi:com:example:T;1", ClientType: "a b"},
		"localhost:9883/d/m/?api-version=2021-04-12":            {Host: "localhost:9883", DeviceID: "d", ModuleID: "m", APIVersion: "2021-04-12"},
		"h.net/registrations/m/?api-version=2021-04-12":         {Host: "h.net", DeviceID: "registrations", ModuleID: "m", APIVersion: "2021-04-12"},
		"h.net/%24x+y/?api-version=2021-04-12":                  {Host: "h.net", DeviceID: "%24x+y", APIVersion: "2021-04-12"},
		"0ne00AB/registrations/r/api-version=2019-03-31":        {IDScope: "0ne00AB", RegistrationID: "r", APIVersion: "2019-03-31"},
		"0ne00AB/registrations/r/?api-version=2021-06-01":       {IDScope: "0ne00AB", RegistrationID: "r", APIVersion: "2021-06-01"},
		"0ne/registrations/r/api-version=1&ClientVersion=c%2F1": {IDScope: "0ne", RegistrationID: "r", APIVersion: "1", ClientType: "c/1"},
	} {
		got, err := ParseUsername(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got, s)
		require.Equal(t, want.IDScope != "", got.IsDPS())
		if got.APIVersion != "" {
			again, err := ParseUsername(got.String())
			require.NoError(t, err)
			require.Equal(t, got, again)
		}
	}
	require.Equal(t, "h.net/d/?api-version=2021-04-12", device.String())
	for version, want := range map[string]string{ // the documented forms, from today's to the oldest
		"2021-04-12":         "h.net/d/?api-version=2021-04-12",
		"2020-05-31-preview": "h.net/d/?api-version=2020-05-31-preview",
		"2018-06-30":         "h.net/d/?api-version=2018-06-30",
		"2016-11-14":         "h.net/d/api-version=2016-11-14",
		"":                   "h.net/d",
	} {
		require.Equal(t, want, Username{Host: "h.net", DeviceID: "d", APIVersion: version}.String())
	}
	require.Equal(t, "h.net/d/api-version=2016-11-14&DeviceClientType=c%2F1",
		Username{Host: "h.net", DeviceID: "d", APIVersion: "2016-11-14", ClientType: "c/1"}.String())
	require.Equal(t, "h.net/d", Username{Host: "h.net", DeviceID: "d"}.String())
	require.Equal(t, "0ne/registrations/r/api-version=2019-03-31", Username{IDScope: "0ne", RegistrationID: "r", APIVersion: DPSAPIVersion}.String())
	require.Equal(t, "d", ClientID("d", ""))
	require.Equal(t, "d/m", ClientID("d", "m"))

	for _, s := range []string{"", "h.net", "/d", "h.net//?api-version=1", "a/b/c/d", "h.net/d/?api-version=%zz"} {
		_, err := ParseUsername(s)
		require.Error(t, err, s)
	}
}

func FuzzParseUsername(f *testing.F) {
	f.Add("h.net/d/m/?api-version=2021-04-12&model-id=dtmi:a;1&DeviceClientType=x%2Fy")
	f.Add("0ne/registrations/r/api-version=2019-03-31&ClientVersion=c")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseUsername(s)
		if err != nil || u.APIVersion == "" {
			return
		}
		// A device id may look like parameters; then only the first reading counts.
		again, err := ParseUsername(u.String())
		if err == nil {
			require.Equal(t, u.APIVersion, again.APIVersion)
		}
	})
}
