package hubproto

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBag(t *testing.T) {
	for name, tt := range map[string]struct {
		bag string
		s   SystemProperties
		p   Properties
		out string // when it is not written as it was read
	}{
		"nothing":               {},
		"the Node SDK's":        {"%24.mid=m%201%2F%C3%A9&%24.ct=application%2Fjson&nul=", SystemProperties{MessageID: "m 1/é", ContentType: "application/json"}, Properties{{Name: "nul"}}, ""},
		"the documents'":        {"$.ct=application%2Fjson%3Bcharset%3Dutf-8", SystemProperties{ContentType: "application/json;charset=utf-8"}, nil, "%24.ct=application%2Fjson%3Bcharset%3Dutf-8"},
		"null, empty and set":   {"?prop1&prop2=&prop3=a%20string", SystemProperties{}, Properties{{Name: "prop1", Null: true}, {Name: "prop2"}, {Name: "prop3", Value: "a string"}}, "prop1&prop2=&prop3=a%20string"},
		"the C SDK's tests":     {"iothub-ack=Full&propName=PropValue&%24.to=%2Fdevices%2FmyDeviceId%2Fmessages%2FdeviceBound&%24.cid&%24.uid", SystemProperties{Ack: "Full", To: "/devices/myDeviceId/messages/deviceBound"}, Properties{{Name: "propName", Value: "PropValue"}}, "%24.to=%2Fdevices%2FmyDeviceId%2Fmessages%2FdeviceBound&iothub-ack=Full&propName=PropValue"},
		"a module's output":     {"%24.on=out%201&a=b/", SystemProperties{OutputName: "out 1"}, Properties{{Name: "a", Value: "b"}}, "%24.on=out%201&a=b"},
		"a plus is a plus":      {"a+b=c+d", SystemProperties{}, Properties{{Name: "a+b", Value: "c+d"}}, "a%2Bb=c%2Bd"},
		"what it does not know": {"%24.other=x", SystemProperties{}, Properties{{Name: "$.other", Value: "x"}}, ""},
		"a slash left as it is": {"a=b/c", SystemProperties{}, Properties{{Name: "a", Value: "b/c"}}, "a=b%2Fc"},
		"a value with =":        {"a=b=c", SystemProperties{}, Properties{{Name: "a", Value: "b=c"}}, "a=b%3Dc"},
		"the same name twice":   {"a=1&a=2", SystemProperties{}, Properties{{Name: "a", Value: "1"}, {Name: "a", Value: "2"}}, ""},
		"empty fields":          {"&&a=1&", SystemProperties{}, Properties{{Name: "a", Value: "1"}}, "a=1"},
		"all system properties": {"%24.mid=1&%24.cid=2&%24.uid=3&%24.to=4&%24.exp=5&%24.ct=6&%24.ce=7&%24.on=8&%24.sub=9&%24.ifid=10&%24.ctime=11&%24.schema=12&%24.cdid=13&%24.cmid=14&iothub-ack=full",
			SystemProperties{MessageID: "1", CorrelationID: "2", UserID: "3", To: "4", Expiry: "5", ContentType: "6", ContentEncoding: "7", OutputName: "8", ComponentName: "9",
				InterfaceID: "10", CreationTime: "11", MessageSchema: "12", ConnectionDeviceID: "13", ConnectionModuleID: "14", Ack: "full"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, p, err := ParseBag(tt.bag)
			require.NoError(t, err)
			require.Equal(t, tt.s, s)
			require.Equal(t, tt.p, p)
			if tt.out == "" {
				tt.out = tt.bag
			}
			require.Equal(t, "x/"+tt.out, string(AppendBag([]byte("x/"), &s, p)))
		})
	}
	for _, bag := range []string{"%", "a=%4", "%zz=1"} {
		_, _, err := ParseBag(bag)
		require.ErrorContains(t, err, "broken % escape", bag)
	}
	require.Equal(t, "a=1", string(AppendBag(nil, nil, Properties{{Name: "a", Value: "1"}})))
}

func TestAppendBagDoesNotAllocate(t *testing.T) {
	s := SystemProperties{MessageID: "m/1", ContentType: "application/json"}
	p := Properties{{Name: "alert", Value: "a b"}}
	dst := make([]byte, 0, 256)
	require.Zero(t, testing.AllocsPerRun(100, func() { dst = AppendTelemetryTopic(dst[:0], "d", "", &s, p) }))
}

func FuzzParseBag(f *testing.F) {
	f.Add("%24.mid=m%201&a=b&n&e=")
	f.Add("?prop1&prop2=&prop3=a%20string/")
	f.Fuzz(func(t *testing.T, bag string) {
		s, p, err := ParseBag(bag)
		if err != nil {
			return
		}
		out := AppendBag(nil, &s, p)
		s2, p2, err := ParseBag(string(out))
		require.NoError(t, err)
		require.Equal(t, s, s2)
		named := 0
		for _, property := range p {
			if property.Name != "" || !property.Null {
				named++
			}
		}
		require.Len(t, p2, named)
	})
}
