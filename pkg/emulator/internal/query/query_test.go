package query

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQueryConditions(t *testing.T) {
	doc := map[string]any{
		"deviceId": "dev-1", "n": json.Number("21.5"), "ok": true, "none": nil,
		"tags": map[string]any{"city": "Ulm", "it's": "x"},
	}
	for text, want := range map[string]bool{
		"deviceId = 'dev-1'":                           true,
		"devices.deviceId = 'dev-1'":                   true,
		`deviceId = "dev-1"`:                           true,
		"deviceId != 'dev-1'":                          false,
		"tags.city <> 'Bonn'":                          true,
		"tags.city > 'Uk' and tags.city <= 'Ulm'":      true,
		"n = 21.5":                                     true,
		"n > 21 AND n < 22":                            true,
		"n >= -5 AND NOT n > 30":                       true,
		"n = '21.5'":                                   false,
		"n != '21.5'":                                  true,
		"ok = true":                                    true,
		"ok = FALSE":                                   false,
		"none = null":                                  true,
		"missing = null":                               false,
		"missing != 1":                                 false,
		"tags.city.more = 1":                           false,
		"deviceId IN ['a', 'dev-1']":                   true,
		"deviceId IN ('a')":                            false,
		"IS_DEFINED(tags.city)":                        true,
		"is_defined(tags.town)":                        false,
		"IS_NULL(none) AND NOT IS_NULL(ok)":            true,
		"IS_STRING(deviceId) AND IS_NUMBER(n)":         true,
		"IS_BOOL(ok) AND IS_OBJECT(tags)":              true,
		"ok = false OR ok = true AND n = 1":            false,
		"(ok = false OR ok = true) AND n = 21.5":       true,
		"deviceId = 'x' OR NOT (n = 1) AND ok = true":  true,
		"tags.city = 'O''Hara' OR tags.city = 'U\\lm'": true,
	} {
		q, err := Parse("SELECT * FROM devices WHERE "+text, "devices")
		require.NoError(t, err, text)
		require.Equal(t, want, len(q.Run([]map[string]any{doc})) == 1, text)
	}
}

func TestQuerySelections(t *testing.T) {
	docs := []map[string]any{{"deviceId": "a", "tags": map[string]any{"city": "Ulm"}}, {"deviceId": "b"}}
	for text, want := range map[string]string{
		"SELECT * FROM devices":                                   `[{"deviceId":"a","tags":{"city":"Ulm"}},{"deviceId":"b"}]`,
		"select d.deviceId, tags.city AS town FROM devices d":     `[{"deviceId":"a","town":"Ulm"},{"deviceId":"b"}]`,
		"SELECT COUNT() AS total FROM devices":                    `[{"total":2}]`,
		"SELECT COUNT() FROM devices WHERE deviceId = 'b'":        `[{"result":1}]`,
		"SELECT tags FROM devices where IS_DEFINED(tags)":         `[{"tags":{"city":"Ulm"}}]`,
		"SELECT deviceId FROM devices AS":                         "",
		"SELECT deviceId":                                         "",
		"SELECT FROM devices":                                     "",
		"SELECT * FROM jobs":                                      "",
		"UPDATE devices":                                          "",
		"":                                                        "",
		"SELECT * FROM devices WHERE":                             "",
		"SELECT * FROM devices WHERE deviceId":                    "",
		"SELECT * FROM devices WHERE deviceId = 'open":            "",
		"SELECT * FROM devices WHERE deviceId = a":                "",
		"SELECT * FROM devices WHERE (deviceId = 'a'":             "",
		"SELECT * FROM devices WHERE deviceId IN 'a'":             "",
		"SELECT * FROM devices WHERE deviceId ; 'a'":              "",
		"SELECT * FROM devices GROUP BY deviceId":                 "",
		"SELECT COUNT(), deviceId FROM devices":                   "",
		"SELECT * FROM devices WHERE " + strings.Repeat("(", 100): "",
		"SELECT " + strings.Repeat("x", 9000):                     "",
	} {
		q, err := Parse(text, "devices")
		if want == "" {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		raw, err := json.Marshal(q.Run(docs))
		require.NoError(t, err)
		require.JSONEq(t, want, string(raw), text)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("SELECT * FROM devices WHERE tags.city = 'Ulm' AND NOT (n IN [1, 2] OR IS_DEFINED(x))")
	f.Add("SELECT COUNT() AS n FROM devices d")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text, "devices")
		if err == nil {
			q.Run([]map[string]any{{"deviceId": "a"}})
		}
	})
}
