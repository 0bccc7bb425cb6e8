package hubproto

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSASVectors(t *testing.T) {
	for _, v := range []struct{ sr, signature string }{
		{"localhost%2Fdevices%2Fdev-1", "wsZU1GE7LBj9D0SPDqQ0JaQB3/dt3130j+hP4YikGQc="},
		{"localhost/devices/dev-1", "L5hrNMQipvhu4WTahhhQ1oOGnRpLPpoImr3J+3p46vg="},
		{"0ne00ABCDEF/registrations/reg-1", "cBitz7d0O18UlGam8l8sOETsgYbrc45tZsCEToRQPXw="},
	} {
		token := "SharedAccessSignature sr=" + v.sr + "&sig=" + escape(v.signature) + "&se=1700000000"
		parsed, err := ParseSAS(token)
		require.NoError(t, err)
		require.True(t, parsed.SignedBy([]byte("key12345")), "the resource %s is signed as it stands in the token", v.sr)
		require.False(t, parsed.SignedBy([]byte("key12346")))
		require.Equal(t, time.Unix(1700000000, 0).UTC(), parsed.Expiry)
	}
	require.Equal(t, "SharedAccessSignature sr=localhost%2Fdevices%2Fdev-1&sig=wsZU1GE7LBj9D0SPDqQ0JaQB3%2Fdt3130j%2BhP4YikGQc%3D&se=1700000000",
		SignSAS([]byte("key12345"), "localhost/devices/dev-1", "", time.Unix(1700000000, 0)))
}

func TestGroupKeyVector(t *testing.T) {
	group, err := ParseKey("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==")
	require.NoError(t, err)
	key := DeriveDeviceKey(group, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6")
	require.Equal(t, "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=", base64.StdEncoding.EncodeToString(key))
}
