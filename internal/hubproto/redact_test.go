package hubproto

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"nothing to hide: a=b": "nothing to hide: a=b",
		"HostName=h.net;DeviceId=d;SharedAccessKey=" + canary:                                      "HostName=h.net;DeviceId=d;SharedAccessKey=…",
		"HostName=h.net;SharedAccessKeyName=iothubowner;SharedAccessKey=" + canary + ";x=y":        "HostName=h.net;SharedAccessKeyName=iothubowner;SharedAccessKey=…;x=y",
		"sharedaccesskey = " + canary:                                                              "sharedaccesskey = …",
		"SharedAccessSignature sr=h%2Fdevices%2Fd&sig=abc%3D&se=1&skn=x":                           "SharedAccessSignature sr=h%2Fdevices%2Fd&sig=…&se=1&skn=x",
		"https://x/?a=b&SIG=abc%2F&c=d":                                                            "https://x/?a=b&SIG=…&c=d",
		"sr%3Dh%26sig%3Dabc%253D%26se%3D1":                                                         "sr%3Dh%26sig%3D…%26se%3D1",
		`{"primaryKey":"` + canary + `","secondaryKey": "x/y="}`:                                   `{"primaryKey":"…","secondaryKey": "…"}`,
		`{"Message":"{\"primaryKey\":\"` + canary + `\"}"}`:                                        `{"Message":"{\"primaryKey\":\"…\"}"}`,
		"password=hunter2 next":                                                                    "password=… next",
		"design=art, assig=x":                                                                      "design=art, assig=x",
		"sig= ":                                                                                    "sig= ",
		"the key is: wsZU1GE7LBj9D0SPDqQ0JaQB3/dt3130j+hP4YikGQc= and":                             "the key is: … and",
		"8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==": "…",
		"aGVsbG8gd29ybGQ=":                                                                         "aGVsbG8gd29ybGQ=",
		"devices/dev-1/messages/events/temperature=21&sigma=3":                                     "devices/dev-1/messages/events/temperature=21&sigma=3",
	} {
		require.Equal(t, want, Redact(text))
		require.Equal(t, want, Redact(want), "what is redacted stays as it is")
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("HostName=", ";SharedAccessKey=", []byte("canary"))
	f.Add("sr%3Dh%26", "%26se", []byte("0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, before, after string, key []byte) {
		text := before + after
		redacted := Redact(text)
		require.Equal(t, redacted, Redact(redacted))
		if len(key) < 16 {
			return
		}
		secret := base64.StdEncoding.EncodeToString(key)
		if strings.Contains(text, secret) {
			return
		}
		c := ConnectionString{HostName: "h.net", DeviceID: "d", SharedAccessKey: key}
		require.NotContains(t, Redact(c.String()+";"+after), secret)
		token := SignSAS(key, "h.net/devices/d", "", time.Unix(1700000000, 0))
		require.NotContains(t, Redact(token), token[strings.Index(token, "sig=")+4:strings.Index(token, "&se=")])
		quoted, err := json.Marshal(map[string]string{"primaryKey": secret, "token": token})
		require.NoError(t, err)
		require.NotContains(t, Redact(string(quoted)), secret)
	})
}

// TestLastLettersOfSecretNames: Redact passes over words that end otherwise.
func TestLastLettersOfSecretNames(t *testing.T) {
	for _, name := range secretNames {
		for _, spelled := range []string{name, strings.ToUpper(name)} {
			require.Equal(t, spelled+"="+Redacted, Redact(spelled+"=abc"))
		}
	}
}
