package scenario

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		want, got string
		differ    string // the paths, with commas between them
	}{
		{`{"a": 1}`, `{"a": 1, "b": 2}`, ""},
		{`{"a": 1}`, `{"a": 1.0}`, ""},
		{`{"a": 1}`, `{"a": 2}`, "a"},
		{`{"a": 1}`, `{}`, "a"},
		{`{"a": {"b": 1, "c": 2}, "d": 3}`, `{"a": {"b": 2}, "d": "3"}`, "a.b,a.c,d"},
		{`[1, 2]`, `[1, 2]`, ""},
		{`{"a": [1, 2]}`, `{"a": [1, 3]}`, "a[1]"},
		{`{"a": [1, 2]}`, `{"a": [1, 2, 3]}`, "a"},
		{`{"a": [{"b": 1}]}`, `{"a": [{"b": 1, "c": 2}]}`, ""},
		{`{"a": null}`, `{"a": null}`, ""},
		{`{"a": null}`, `{}`, "a"},
		{`{"a": true}`, `{"a": "true"}`, "a"},
		{`{"n": 9007199254740993}`, `{"n": 9007199254740992}`, "n"}, // to the last digit
		{`{"n": 1e2}`, `{"n": 100}`, ""},
		{`{"n": 1e999999999}`, `{"n": 100}`, "n"},
		{`{"a": {"$any": true}}`, `{"a": null}`, ""},
		{`{"a": {"$any": true}}`, `{}`, "a"},
		{`{"a": {"$absent": true}}`, `{}`, ""},
		{`{"a": {"$absent": true}}`, `{"a": null}`, "a"},
		{`{"a": {"$exact": {"b": 1}}}`, `{"a": {"b": 1}}`, ""},
		{`{"a": {"$exact": {"b": 1}}}`, `{"a": {"b": 1, "c": 2}}`, "a"},
		{`{"a": {"$exact": [{"b": 1}]}}`, `{"a": [{"b": 1.0}]}`, ""},
		{`{"a": {"$like": "dev-*-?"}}`, `{"a": "dev-x-y-1"}`, ""},
		{`{"a": {"$like": "dev-*-?"}}`, `{"a": "dev-1"}`, "a"},
		{`{"a": {"$like": "*"}}`, `{"a": 1}`, "a"},
		{`{"a": {"$near": 20, "$within": 0.5}}`, `{"a": 20.5}`, ""},
		{`{"a": {"$near": 20, "$within": 0.5}}`, `{"a": 20.51}`, "a"},
		{`{"a": {"$min": 1, "$max": 2}}`, `{"a": 2}`, ""},
		{`{"a": {"$min": 1}}`, `{"a": 0}`, "a"},
		{`{"a": {"$max": 2}}`, `{"a": "1"}`, "a"},
		{`{"$version": 2, "a": 1}`, `{"$version": 2, "a": 1}`, ""}, // the hub's own names are names
		{`{"$version": 2}`, `{"$version": 3}`, "$version"},
		{`{"a b": {"c": 1}}`, `{"a b": {}}`, `["a b"].c`},
	} {
		t.Run(c.want+" "+c.got, func(t *testing.T) {
			want, err := decode([]byte(c.want))
			require.NoError(t, err)
			require.NoError(t, checkPattern("", want))
			got, err := decode([]byte(c.got))
			require.NoError(t, err)
			require.Equal(t, c.differ, strings.Join(match("", want, got, true), ","))
		})
	}
	require.Equal(t, []string{""}, match("", map[string]any{"a": true}, []any{}, true), "the whole differs")
	require.Nil(t, match("", "x", "x", true))
}

func TestWildcard(t *testing.T) {
	for pattern, texts := range map[string]map[string]bool{
		"":       {"": true, "a": false},
		"*":      {"": true, "abc": true},
		"?":      {"": false, "ż": true, "ab": false},
		"a*b*c":  {"abc": true, "a-b-b-c": true, "ab": false, "xabc": false, "abcd": false},
		"**a":    {"a": true, "ba": true, "ab": false},
		"1.0.?*": {"1.0.": false, "1.0.3": true, "1.0.31": true, "110.3": false},
	} {
		for s, want := range texts {
			require.Equal(t, want, wildcard([]rune(pattern), []rune(s)), "%q like %q", s, pattern)
		}
	}
	require.False(t, wildcard([]rune(strings.Repeat("*a", 50)+"b"), []rune(strings.Repeat("a", 5000))), "and in no time")
}
