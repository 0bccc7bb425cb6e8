package hubproto

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var vectorKey = []byte("key12345")

// The signatures were made with openssl and with the Node SDK's azure-iot-common.
func TestSASVectors(t *testing.T) {
	for _, v := range []struct{ sr, signature, resource string }{
		{"localhost%2Fdevices%2Fdev-1", "wsZU1GE7LBj9D0SPDqQ0JaQB3/dt3130j+hP4YikGQc=", "localhost/devices/dev-1"},
		{"localhost/devices/dev-1", "L5hrNMQipvhu4WTahhhQ1oOGnRpLPpoImr3J+3p46vg=", "localhost/devices/dev-1"},
		{"0ne00ABCDEF/registrations/reg-1", "cBitz7d0O18UlGam8l8sOETsgYbrc45tZsCEToRQPXw=", "0ne00ABCDEF/registrations/reg-1"},
	} {
		for _, token := range []string{
			"SharedAccessSignature sr=" + v.sr + "&sig=" + escape(v.signature) + "&se=1700000000",
			"sharedaccesssignature SIG=" + escape(v.signature) + "&Se=1700000000&SKN=device&sR=" + v.sr,
		} {
			parsed, err := ParseSAS(token)
			require.NoError(t, err)
			require.True(t, parsed.SignedBy(vectorKey), "the resource %s is signed as it stands in the token", v.sr)
			require.False(t, parsed.SignedBy([]byte("key12346")))
			require.Equal(t, v.resource, parsed.Resource)
			require.Equal(t, time.Unix(1700000000, 0).UTC(), parsed.Expiry)
		}
	}
	require.Equal(t, "SharedAccessSignature sr=localhost%2Fdevices%2Fdev-1&sig=wsZU1GE7LBj9D0SPDqQ0JaQB3%2Fdt3130j%2BhP4YikGQc%3D&se=1700000000",
		SignSAS(vectorKey, "localhost/devices/dev-1", "", time.Unix(1700000000, 999)))
	require.Contains(t, SignSAS(vectorKey, "h", "my policy", time.Unix(1, 0)), "&skn=my%20policy")
}

func TestParseSASRefuses(t *testing.T) {
	for token, text := range map[string]string{
		"":                           `begins with "SharedAccessSignature sr="`,
		"Bearer abc":                 `begins with "SharedAccessSignature sr="`,
		"SharedAccessSignature sr=h": "without its sig field",
		"SharedAccessSignature sig=eA%3D%3D&se=1":                  "without its sr field",
		"SharedAccessSignature sr=h&sig=eA%3D%3D":                  "without its se field",
		"SharedAccessSignature sr=%zz&sig=eA%3D%3D&se=1":           "sr field with a broken % escape",
		"SharedAccessSignature sr=h&sig=eA%3D%3D&se=1&skn=%":       "skn field with a broken % escape",
		"SharedAccessSignature sr=h&sig=eA%3D%3D&se=soon":          "se field that is not a time",
		"SharedAccessSignature sr=h&sig=eA%3D%3D&se=-1":            "se field that is not a time",
		"SharedAccessSignature sr=h&sig=eA%3D%3D&se=1700000000000": "not milliseconds",
		"SharedAccessSignature sr=h&sig=a+b/cd%3D%3D&se=1":         "write + as %2B",
		"SharedAccessSignature sr=h&sig=secret&se=1":               "not percent-encoded base64",
	} {
		_, err := ParseSAS(token)
		require.ErrorContains(t, err, text, token)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestSASCovers(t *testing.T) {
	for _, tt := range []struct {
		scope, resource string
		covers          bool
	}{
		{"h.net/devices/d", "h.net/devices/d", true},
		{"H.net/devices/d", "h.NET/devices/d", true},
		{"h.net/devices/d", "h.net/devices/D", false},
		{"h.net/devices/d", "h.net/devices/d/modules/m", true},
		{"h.net/devices/d", "h.net/devices/dd", false},
		{"h.net/devices/d/", "h.net/devices/d", true},
		{"h.net/devices/d/modules/m", "h.net/devices/d", false},
		{"h.net", "h.net/devices/d", true},
		{"h.net/devices", "h.net/devices/d", true},
		{"h.net", "h.net", true},
		{"h.net/devices/d/api-version=2016-11-14", "h.net/devices/d", true},
		{"other.net", "h.net/devices/d", false},
		{"", "h.net/devices/d", false},
		{"/", "/x", false},
		{"0ne/registrations/r", "0ne/registrations/r", true},
	} {
		require.Equal(t, tt.covers, SASToken{Resource: tt.scope}.Covers(tt.resource), "%s over %s", tt.scope, tt.resource)
	}
}

// The vector of "Symmetric key attestation", group enrollments.
func TestGroupKeyVector(t *testing.T) {
	group, err := ParseKey("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==")
	require.NoError(t, err)
	key := DeriveDeviceKey(group, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6")
	require.Equal(t, "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=", base64.StdEncoding.EncodeToString(key))
}

func FuzzParseSAS(f *testing.F) {
	f.Add("SharedAccessSignature sr=localhost%2Fdevices%2Fdev-1&sig=wsZU1GE7LBj9D0SPDqQ0JaQB3%2Fdt3130j%2BhP4YikGQc%3D&se=1700000000")
	f.Add("SharedAccessSignature sr=&sig=&se=&skn=")
	f.Fuzz(func(t *testing.T, token string) {
		parsed, err := ParseSAS(token)
		if err != nil {
			return
		}
		again, err := ParseSAS(SignSAS(vectorKey, parsed.Resource, parsed.Policy, parsed.Expiry))
		require.NoError(t, err)
		require.True(t, again.SignedBy(vectorKey))
		require.Equal(t, parsed.Resource, again.Resource)
		require.Equal(t, parsed.Policy, again.Policy)
		require.Equal(t, parsed.Expiry, again.Expiry)
	})
}
