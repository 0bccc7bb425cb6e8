package panel

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func variables(rows ...string) (list []*variable) {
	for i := 0; i < len(rows); i += 3 {
		v := &variable{id: i, kind: rows[i+1]}
		v.name.set(rows[i])
		v.args.set(rows[i+2])
		list = append(list, v)
	}
	return list
}

func TestATemplateOfIotTelemetrySimulator(t *testing.T) {
	now := time.Date(2019, 11, 19, 10, 10, 11, 509135000, time.UTC)
	body := `{"deviceId": "$.DeviceId", "ticks": $.Ticks, "n": $.Counter, "m": $.Counter2, "time": "$.Time", "e": $.Epoch, "is": "$.Engine", "x": "$.Other"}`
	tpl, err := compileTemplate(body, nil, variables("Counter", "counter", "100, 1", "Counter2", "counter", "0, -2", "Engine", "sequence", `on, say "off"`), "sim1", 1, now)
	require.NoError(t, err)
	require.Equal(t, `{"deviceId": "sim1", "ticks": 637097550115091350, "n": 100, "m": 0, "time": "2019-11-19T10:10:11.5091350Z", "e": 1574158211, "is": "on", "x": "$.Other"}`, string(tpl.next(now)))
	require.JSONEq(t, `{"deviceId": "sim1", "ticks": 637097550125091350, "n": 101, "m": -2, "time": "2019-11-19T10:10:12.5091350Z", "e": 1574158212, "is": "say \"off\"", "x": "$.Other"}`, string(tpl.next(now.Add(time.Second))))
}

func TestGeneratorsStayInTheirBoundsAndRepeatWithTheirSeed(t *testing.T) {
	rows := variables("w", "walk", "20, 5, 15, 25", "r", "random", "3, 5", "s", "sine", "0, 10, 4", "c", "choice", "a, b", "t", "text", "6", "u", "uniform", "2, 3", "id", "uuid", "", "ms", "timestamp", "ms", "at", "timestamp", "iso")
	body := `$.w|$.r|$.s|$.c|$.t|$.Guid|$.u|$.id|$.ms|$.at`
	began := time.Unix(0, 0)
	made := func() (list []string) {
		tpl, err := compileTemplate(body, nil, rows, "", 7, began)
		require.NoError(t, err)
		for i := range 200 {
			list = append(list, string(tpl.next(began.Add(time.Duration(i)*time.Second))))
		}
		return list
	}
	first := made()
	require.Equal(t, first, made())
	for i, s := range first {
		require.Regexp(t, `^(1[5-9]|2[0-5])(\.\d\d?)?\|[34]\|(0|5|10)\|[ab]\|[a-zA-Z0-9]{6}\|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\|(2(\.\d{1,6})?|3)\|[0-9a-f-]{36}\|\d+\|1970-01-01T00:\d\d:\d\d.000Z$`, s, "%d", i)
	}
}

func TestVariablesThatCannotBe(t *testing.T) {
	for want, rows := range map[string][]*variable{
		"x needs numbers":     variables("x", "walk", "1, 2"),
		"y needs numbers":     variables("y", "random", "a, b"),
		"z is declared twice": variables("z", "choice", "a", "z", "choice", "b"),
		"for example 50, 60":  variables("s", "sine", "1, 2, 0"),
		"from 0 to 100000":    variables("t", "text", "1e9"),
		"iso (ISO 8601), ms":  variables("t", "timestamp", "never"),
		"example 0, 1":        variables("u", "uniform", "1"),
	} {
		_, err := compileTemplate("", nil, rows, "", 1, time.Now())
		require.ErrorContains(t, err, want)
	}
}
