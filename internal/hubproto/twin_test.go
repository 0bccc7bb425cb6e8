package hubproto

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func object(t testing.TB, s string) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(s), &m))
	return m
}

func TestMergePatch(t *testing.T) {
	for _, tt := range []struct{ doc, patch, want string }{
		{`{}`, `{"a":1}`, `{"a":1}`},
		{`{"a":1,"b":2}`, `{"a":null}`, `{"b":2}`},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"b":null,"d":3}}`, `{"a":{"c":2,"d":3}}`},
		{`{"a":[1,2,3]}`, `{"a":[4]}`, `{"a":[4]}`},
		{`{"a":1}`, `{"a":{"b":1,"c":null}}`, `{"a":{"b":1}}`},
		{`{"a":{"b":1}}`, `{"a":2}`, `{"a":2}`},
		{`{"a":{"b":1}}`, `{"a":{}}`, `{"a":{"b":1}}`},
		{`{"a":1}`, `{"x":null}`, `{"a":1}`},
		{`{"a":1}`, `{"a":1}`, `{"a":1}`},
		{`{"a":{"b":{"c":1}}}`, `{"a":{"b":{"c":null}}}`, `{"a":{"b":{}}}`},
	} {
		doc, patch := object(t, tt.doc), object(t, tt.patch)
		require.Equal(t, object(t, tt.want), MergePatch(doc, patch), "%s patched by %s", tt.doc, tt.patch)
		require.Equal(t, object(t, tt.doc), doc, "the arguments stay as they are")
		require.Equal(t, object(t, tt.patch), patch)
	}
	require.Equal(t, object(t, `{"a":1}`), MergePatch(nil, object(t, `{"a":1}`)))
}

func TestTwinSize(t *testing.T) {
	require.Equal(t, 0, TwinSize(object(t, `{}`)))
	require.Equal(t, 1+8+2+3+1+4+1+1+8+8+1+4, TwinSize(object(t, `{"a":1,"bb":"ccc","d":true,"e":{"f":[1,2]},"n":null,"$version":7,"$metadata":{"x":"long"}}`))-0)
}

func TestValidateTwinPatch(t *testing.T) {
	nested := func(depth int) string {
		return strings.Repeat(`{"a":`, depth-1) + `{"a":1}` + strings.Repeat(`}`, depth-1)
	}
	for _, ok := range []string{`{}`, `{"a":null}`, `{"a":[1,[2],{"b":[]}]}`, ` {"é":"ü"} `, nested(10),
		`{"a":4503599627370495,"b":-4503599627370496,"c":1.5e300,"d":` + `"` + strings.Repeat("x", MaxTwinString) + `"}`,
		`{"` + strings.Repeat("k", MaxTwinKey) + `":1}`,
	} {
		require.NoError(t, ValidateTwinPatch([]byte(ok)), ok)
	}
	for patch, want := range map[string]struct{ path, text string }{
		``:                           {"", "is empty: write a JSON object"},
		`{"a":}`:                     {"", "is not JSON at byte 6"},
		`{"a":1`:                     {"", "is not JSON"},
		`{} {}`:                      {"", "goes on after its end"},
		`[1]`:                        {"", "is not an object"},
		`null`:                       {"", "is not an object"},
		`{"a b":1}`:                  {"", "has a key that holds ' '"},
		`{"x":{"a.b":1}}`:            {"x", "has a key that holds '.'"},
		`{"$version":1}`:             {"", "has a key that holds '$'"},
		`{"a\u0085":1}`:              {"", "control characters"},
		`{"":1}`:                     {"", "has a key that has 0 bytes"},
		`{"a":[1,null]}`:             {"a.1", "is null inside an array"},
		`{"a":4503599627370496}`:     {"a", "integer out of range"},
		`{"a":99999999999999999999}`: {"a", "integer out of range"},
		nested(11):                   {strings.TrimSuffix(strings.Repeat("a.", 10), "."), "nested too deeply"},
		`{"a":"` + strings.Repeat("x", MaxTwinString+1) + `"}`:    {"a", "a string of 4097 bytes"},
		`{"` + strings.Repeat("k", MaxTwinKey+1) + `":1}`:         {"", "has 1025 bytes"},
		fmt.Sprintf(`{"a":[%s]}`, strings.Repeat(`1,`, 5000)+"1"): {"", "has 40009 bytes: at most 32768 are allowed"},
	} {
		var e *TwinError
		err := ValidateTwinPatch([]byte(patch))
		require.ErrorAs(t, err, &e, patch)
		require.Equal(t, want.path, e.Path, patch)
		require.ErrorContains(t, err, want.text)
	}
}

func FuzzTwinPatch(f *testing.F) {
	f.Add(`{"a":{"b":1}}`, `{"a":{"b":null,"c":[1,{"d":null}]}}`)
	f.Fuzz(func(t *testing.T, doc, patch string) {
		p, err := ParseTwinPatch([]byte(patch))
		if err != nil {
			return
		}
		d, err := ParseTwinPatch([]byte(doc))
		if err != nil {
			return
		}
		merged := MergePatch(d, p)
		require.Equal(t, merged, MergePatch(merged, p), "a patch that is applied twice changes nothing more")
		requireNoNull(t, MergePatch(nil, p))
	})
}

func requireNoNull(t *testing.T, m map[string]any) {
	for _, value := range m {
		require.NotNil(t, value)
		if inner, ok := value.(map[string]any); ok {
			requireNoNull(t, inner)
		}
	}
}

func TestFirstTwinMistakeIsReported(t *testing.T) {
	for range 50 { // the order of a map differs from run to run
		err := ValidateTwinPatch([]byte(`{"b":{"x":[null],"y z":1},"c":[null],"a":{"n":9007199254740992,"m":[null]}}`))
		var e *TwinError
		require.ErrorAs(t, err, &e)
		require.Equal(t, "a.m.0", e.Path)
	}
}
