package telemetry

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/simulation"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

func TestPlaySendFillsInTheComposer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		step := &scenario.Send{Data: json.RawMessage(`{"a":1}`), Properties: map[string]*string{"none": nil}, MessageID: "m-1"}
		require.ErrorIs(t, v.PlaySend(t.Context(), &scenario.Document{}, step), errNotConnected)
		v.connect()
		require.NoError(t, v.PlaySend(t.Context(), &scenario.Document{}, step))
		require.Equal(t, 1, v.Traffic.Sent)
		require.Contains(t, v.read("recent-messages"), "By hand acknowledged in")
		require.Equal(t, "{\n  \"a\": 1\n}", uitest.Find(t, v.view(), "telemetry-body").Value)
		m := v.Message()
		require.Equal(t, hubproto.SystemProperties{ContentType: "application/json", ContentEncoding: "utf-8", MessageID: "m-1"}, m.SystemProperties)
		require.Equal(t, hubproto.Properties{{Name: "none", Null: true}}, m.Properties)

		require.NoError(t, v.PlaySend(t.Context(), &scenario.Document{}, &scenario.Send{Data: json.RawMessage(`"plain"`), QoS: new(int)}))
		require.Contains(t, v.read("recent-messages"), "By hand written (QoS 0 has no acknowledgement)")
		require.Equal(t, "plain", uitest.Find(t, v.view(), "telemetry-body").Value)
	})
}

func TestPlaySendWaitsForAllMessagesOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		v.connect()
		d := &scenario.Document{Seed: 7}
		step := &scenario.Send{Template: `{"n": $.N}`, MsgCount: 5, MsgInterval: 0.5, Variables: map[string]scenario.Variable{"N": {Kind: "counter", Args: []any{1, 1}}}}
		began := time.Now()
		require.NoError(t, v.PlaySend(t.Context(), d, step))
		require.Equal(t, 2*time.Second, time.Since(began))
		require.Equal(t, 5, v.Traffic.Sent)
		require.NoError(t, v.PlaySend(t.Context(), d, step))
		require.Len(t, v.state.streams.list, 2, "a step reuses the stream of the step before")
		require.Equal(t, scenarioStream, v.state.streams.list[1].name.Text)
	})
}

func TestPlaySendSaysWhyAStreamEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openRoom(t)
		disconnect := v.connect()
		step := &scenario.Send{Data: json.RawMessage(`1`), MsgCount: 5, MsgInterval: 1}
		time.AfterFunc(1500*time.Millisecond, disconnect)
		err := v.PlaySend(t.Context(), &scenario.Document{}, step)
		require.EqualError(t, err, "2 of 5 messages were sent, and 2 acknowledged. Stopped after 2 messages: the device was disconnected.")
		require.Contains(t, catalog.Polish.Sentence(err), catalog.Polish.T("Stopped after %d messages: the device was disconnected.", 2))

		v.connect()
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, v.PlaySend(ctx, &scenario.Document{}, step), context.DeadlineExceeded)
		synctest.Wait()
		require.False(t, v.state.streams.list[len(v.state.streams.list)-1].running(), "the stream ends with the step")
	})
}

func TestCheckTemplatesNamesTheStep(t *testing.T) {
	send := func(s scenario.Send) scenario.Step { return scenario.Step{Send: &s} }
	good := send(scenario.Send{Template: `{"n": $.N}`, Variables: map[string]scenario.Variable{"N": {Kind: "counter", Args: []any{1, 1}}}})
	require.NoError(t, CheckTemplates(&scenario.Document{Steps: []scenario.Step{good, {}, send(scenario.Send{Data: json.RawMessage(`1`)})}}))
	for want, s := range map[string]scenario.Send{
		"steps[1].send: the variable N needs numbers": {Template: "$.N", Variables: map[string]scenario.Variable{"N": {Kind: "walk"}}},
		"steps[1].send: The message is not JSON":      {Template: `{"n": }`},
	} {
		require.ErrorContains(t, CheckTemplates(&scenario.Document{Steps: []scenario.Step{good, send(s)}}), want)
	}
}

// A scenario may ask for no kind of variable that templates do not have.
func TestTemplatesHaveTheKindsOfScenarios(t *testing.T) {
	require.Subset(t, simulation.Kinds(), scenario.Kinds)
}
