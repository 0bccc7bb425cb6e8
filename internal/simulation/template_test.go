package simulation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// variables returns variables, each as a name, a kind and arguments.
func variables(rows ...string) (list []Variable) {
	for i := 0; i < len(rows); i += 3 {
		list = append(list, Variable{Name: rows[i], Kind: rows[i+1], Args: rows[i+2]})
	}
	return list
}

func TestATemplateOfIotTelemetrySimulator(t *testing.T) {
	now := time.Date(2019, 11, 19, 10, 10, 11, 509135000, time.UTC)
	body := `{"deviceId": "$.DeviceId", "ticks": $.Ticks, "n": $.Counter, "m": $.Counter2, "time": "$.Time", "e": $.Epoch, "is": "$.Engine", "x": "$.Other"}`
	tpl, err := Compile(Source{Body: body, DeviceID: "sim1", Seed: 1,
		Variables: variables("Counter", "counter", "100, 1", "Counter2", "counter", "0, -2", "Engine", "sequence", `on, say "off"`)}, now)
	require.NoError(t, err)
	require.Equal(t, `{"deviceId": "sim1", "ticks": 637097550115091350, "n": 100, "m": 0, "time": "2019-11-19T10:10:11.5091350Z", "e": 1574158211, "is": "on", "x": "$.Other"}`, string(tpl.Next(now)))
	require.JSONEq(t, `{"deviceId": "sim1", "ticks": 637097550125091350, "n": 101, "m": -2, "time": "2019-11-19T10:10:12.5091350Z", "e": 1574158212, "is": "say \"off\"", "x": "$.Other"}`, string(tpl.Next(now.Add(time.Second))))
}

func TestGeneratorsStayInTheirBoundsAndRepeatWithTheirSeed(t *testing.T) {
	rows := variables("w", "walk", "20, 5, 15, 25", "r", "random", "3, 5", "s", "sine", "0, 10, 4", "c", "choice", "a, b", "t", "text", "6", "u", "uniform", "2, 3", "id", "uuid", "", "ms", "timestamp", "ms", "at", "timestamp", "iso")
	body := `$.w|$.r|$.s|$.c|$.t|$.Guid|$.u|$.id|$.ms|$.at`
	began := time.Unix(0, 0)
	made := func() (list []string) {
		tpl, err := Compile(Source{Body: body, Variables: rows, Seed: 7}, began)
		require.NoError(t, err)
		for i := range 200 {
			list = append(list, string(tpl.Next(began.Add(time.Duration(i)*time.Second))))
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
	for want, rows := range map[string][]Variable{
		"x needs numbers":     variables("x", "walk", "1, 2"),
		"y needs numbers":     variables("y", "random", "a, b"),
		"z is declared twice": variables("z", "choice", "a", "z", "choice", "b"),
		"for example 50, 60":  variables("s", "sine", "1, 2, 0"),
		"from 0 to 100000":    variables("t", "text", "1e9"),
		"iso (ISO 8601), ms":  variables("t", "timestamp", "never"),
		"example 0, 1":        variables("u", "uniform", "1"),
	} {
		_, err := Compile(Source{Variables: rows}, time.Now())
		require.ErrorContains(t, err, want)
	}
}

func TestTheExampleOfEachKindCompiles(t *testing.T) {
	for _, kind := range Kinds() {
		tpl, err := Compile(Source{Body: "$.x", Variables: variables("x", kind, Example(kind)), Seed: 1}, time.Now())
		require.NoError(t, err, kind)
		require.NotEmpty(t, tpl.Next(time.Now()), kind)
	}
	_, err := Compile(Source{Variables: variables("x", "unheard", "")}, time.Now())
	require.ErrorContains(t, err, "the variable x is of no known kind")
	require.Empty(t, Example("unheard"))
}

func TestPropertiesHaveTheValuesOfTheMessage(t *testing.T) {
	properties := hubproto.Properties{{Name: "n", Value: "no $.Count of $.DeviceId"}, {Name: "empty", Null: true}}
	tpl, err := Compile(Source{Body: "$.Count", Properties: properties, DeviceID: "dev-1", Variables: variables("Count", "counter", "1, 1", "", "no kind", "")}, time.Now())
	require.NoError(t, err)
	for _, n := range []string{"1", "2"} {
		require.Equal(t, n, string(tpl.Next(time.Now())))
		require.Equal(t, hubproto.Properties{{Name: "n", Value: "no " + n + " of dev-1"}, {Name: "empty", Null: true}}, tpl.Bag())
	}
	fixed := hubproto.Properties{{Name: "level", Value: "info"}}
	tpl, err = Compile(Source{Properties: fixed}, time.Now())
	require.NoError(t, err)
	require.Equal(t, fixed, tpl.Bag())
}
