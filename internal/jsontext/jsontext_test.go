package jsontext

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

func TestCheck(t *testing.T) {
	require.NoError(t, Check("It", `{"a": [1, 2.50]}`))
	require.EqualError(t, Check("It", "{\n\"é\": x}"), "It is not JSON: line 2, column 6: invalid character 'x' looking for beginning of value")
	require.ErrorContains(t, Check("It", ""), "line 1, column 1")
	require.ErrorContains(t, Check("It", `{"a": 1`), "line 1, column 7")
	require.Equal(t, 2, ErrorLine(Check("It", "{\n\"a\": x\n}")))
	require.Zero(t, ErrorLine(nil))
}

func TestCheckObject(t *testing.T) {
	require.NoError(t, CheckObject("The patch", " {}"))
	require.EqualError(t, CheckObject("The patch", "[1]"), `The patch must be a JSON object, for example {"interval": 10}`)
	require.Equal(t, 1, ErrorLine(CheckObject("The patch", "{")))
}

func TestDocumentsAreCompared(t *testing.T) {
	before := Parse([]byte(`{"a": 1, "b": {"x": [1, 2], "y": "s"}, "gone": true, "big": 4503599627370495}`))
	after := Parse([]byte(`{"a": 1.0, "b": {"x": [1, 3], "y": "s"}, "new": {"z": 0}, "big": 4503599627370494}`))
	var got []string
	for _, c := range Diff(before, after) {
		got = append(got, string(c.Kind)+" "+c.Path+" "+Compact(c.Before)+" "+Compact(c.After))
	}
	require.Equal(t, []string{
		"changed b.x [1,2] [1,3]", "changed big 4503599627370495 4503599627370494", "deleted gone true null", `added new null {"z":0}`,
	}, got)
	patch := PatchTo(before, after).(map[string]any)
	require.Equal(t, Document(after), Document(hubproto.MergePatch(before, patch)), "the patch leads there")
	require.Equal(t, []string{"b.no", "c.d"}, IdleNulls(before, Parse([]byte(`{"gone": null, "b": {"no": null}, "c": {"d": null}}`))))
}

func TestParse(t *testing.T) {
	require.Equal(t, `{"n":21.50}`, Compact(Parse([]byte(`{"n": 21.50}`))), "numbers keep their digits")
	for _, text := range []string{"", "null", "[1]", `"s"`, "{"} {
		require.Equal(t, map[string]any{}, Parse([]byte(text)), text)
	}
}

func TestLayout(t *testing.T) {
	require.Equal(t, "{\n  \"a\": 1.0\n}", Indent([]byte(`{"a":1.0}`)))
	require.Equal(t, "{oops", Indent([]byte("{oops")))
	require.Equal(t, `{"a":1}`, OneLine("{\n  \"a\": 1\n}", 20))
	require.Equal(t, "ab c…", OneLine("ab\n cdefgh", 5))
	require.Equal(t, "{}", Document(nil))
	require.Equal(t, "{\n  \"a\": null\n}", Document(map[string]any{"a": nil}))
}
