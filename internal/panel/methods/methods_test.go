package methods

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/panel/page/pagetest"
	"github.com/hubpanel/hubpanel/internal/savefile"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

type testRoom struct {
	*Room
	*pagetest.Person
	t *testing.T
}

func open(t *testing.T, changed ...func()) *testRoom {
	t.Helper()
	room := New(pagetest.Open(t, page.TopicMethods, changed...))
	room.Links.Running = func() bool { return true }
	return &testRoom{room, pagetest.Use(t, room.Page, room, room.Card), t}
}

// result is the end of a call.
type result struct {
	hubclient.Response
	err  error
	took time.Duration
}

// call calls a method as the client does: on a goroutine of its own, with a context that ends after 300 s. The test goes on when
// nothing moves any more.
func (pg *testRoom) call(ctx context.Context, name string) <-chan result {
	ended := make(chan result, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, 300*time.Second)
		defer cancel()
		start := time.Now()
		response, err := pg.Called(ctx, hubclient.Method{Name: name, Payload: json.RawMessage(`{"n":1}`)})
		ended <- result{response, err, time.Since(start)}
	}()
	synctest.Wait()
	return ended
}

func TestTheFirstRuleThatMatchesAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		for i, name := range []string{"*", "thermostat*reset"} {
			pg.Click("method-rule-add")
			id := fmt.Sprint("method-rule-", i)
			pg.Type(id+"-name", name)
			pg.Type(id+"-status", fmt.Sprint(i+1, "00"))
		}
		require.Equal(t, 100, (<-pg.call(t.Context(), "thermostat*reset")).Status, "* matches every method")
		pg.Click("method-rule-1-up")
		require.Equal(t, 200, (<-pg.call(t.Context(), "thermostat*reset")).Status, "a star inside a name is the component's, and the order counts")
		require.Equal(t, 100, (<-pg.call(t.Context(), "thermostat")).Status)

		pg.Click("method-rule-0-remove")
		pg.Click("method-rule-0-remove")
		pg.Type("method-delay", "1500")
		ended := pg.call(t.Context(), "m")
		require.Equal(t, 1500*time.Millisecond, (<-ended).took)
		require.Equal(t, "1500 ms", pg.Text("method-duration"))
		require.Equal(t, page.Traffic{Sent: 4, Received: 4}, pg.Traffic)
	})
}

func TestARuleThatIsNotValid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.Type("method-answer", "{oops")
		r := <-pg.call(t.Context(), "m")
		require.ErrorContains(t, r.err, "line 1, column 2", "the client answers with 500")
		require.ErrorContains(t, pg.Notice.Text, "line 1, column 2")
		require.Contains(t, pg.Text("method-call"), "answered 500")
	})
}

func TestACallIsAnsweredByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var drawings atomic.Int64
		pg := open(t, func() { drawings.Add(1) })
		pg.Select("method-mode", "hand")
		ended := pg.call(t.Context(), "open")
		require.Equal(t, "5:00 left", pg.Text("method-countdown"))
		before := drawings.Load()
		for range 3 {
			time.Sleep(time.Second)
			synctest.Wait()
			pg.View() // as the page does when it is asked to
		}
		require.EqualValues(t, 3, drawings.Load()-before, "the view that shows the countdown has the page drawn once a second")
		require.Equal(t, "4:57 left", pg.Text("method-countdown"))

		pg.Type("method-hand-0-answer", "{oops")
		pg.Fire("method-waiting", "submit", ui.Event{})
		require.Contains(t, pg.Text("method-waiting"), "line 1, column 2", "a typing error is not sent")
		pg.Type("method-hand-0-answer", `{"by": "hand"}`)
		pg.Type("method-hand-0-status", "207")
		pg.Fire("method-waiting", "submit", ui.Event{})
		r := <-ended
		require.Equal(t, 207, r.Status)
		require.JSONEq(t, `{"by": "hand"}`, string(r.Payload))
		require.False(t, pg.Has("method-waiting"))
		require.Equal(t, "3000 ms", pg.Text("method-duration"))

		ended = pg.call(t.Context(), "open")
		pg.Click("method-hand-1-fail")
		require.Equal(t, 500, (<-ended).Status)

		time.Sleep(time.Second) // the drawing that the last countdown asked for
		synctest.Wait()
		before = drawings.Load()
		pg.View()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Equal(t, before, drawings.Load(), "without a countdown nothing is drawn")
	})
}

func TestACallIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.Select("method-mode", "silent")
		ended := pg.call(t.Context(), "hang")
		require.Contains(t, pg.Text("method-call"), "not answered, as asked for")
		require.ErrorIs(t, (<-ended).err, errUnanswered)
		require.Contains(t, pg.Text("method-call"), "not answered: no caller waits any more")

		pg.Select("method-mode", "hand")
		connection, disconnect := context.WithCancel(t.Context())
		ended = pg.call(connection, "hang")
		disconnect()
		require.ErrorIs(t, (<-ended).err, errUnanswered)
		require.False(t, pg.Has("method-waiting"))
		require.Contains(t, pg.Text("method-call"), "not answered: the connection ended")
	})
}

// Whatever the rule, a call ends at its deadline, and its slot in the client is free again.
func TestACallEndsAtItsDeadline(t *testing.T) {
	for _, mode := range []ruleMode{modeByHand, modeSilent} {
		t.Run(string(mode), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pg := open(t)
				pg.Select("method-mode", string(mode))
				var all []<-chan result
				for range 128 {
					all = append(all, pg.call(t.Context(), "hang"))
				}
				require.Len(t, pg.All("method-waiting"), map[ruleMode]int{modeByHand: 128}[mode])
				time.Sleep(300 * time.Second)
				synctest.Wait()
				for _, ended := range all {
					select {
					case r := <-ended:
						require.ErrorIs(t, r.err, errUnanswered)
						require.Equal(t, 300*time.Second, r.took)
					default:
						require.Fail(t, "a call has not ended")
					}
				}
				require.False(t, pg.Has("method-waiting"))
			})
		})
	}
}

// An answer that comes with the deadline reaches nobody, so the history does not call the call answered.
func TestAnAnswerAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.Select("method-mode", "hand")
		ctx, cancel := context.WithCancel(t.Context())
		ended := pg.call(ctx, "m")
		pg.Update(func() {
			pg.state.calls.list[0].settle(&hubclient.Response{Status: 200})
			cancel() // before the call's goroutine gets the lock
		})
		require.ErrorIs(t, (<-ended).err, errUnanswered)
		require.Contains(t, pg.Text("method-call"), "not answered: the connection ended")
	})
}

func TestTheHistoryOfCallsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		for range callLimit + 5 {
			r, err := pg.Called(context.Background(), hubclient.Method{Name: "m", Payload: json.RawMessage("null")})
			require.NoError(t, err)
			require.Equal(t, 200, r.Status)
		}
		require.Len(t, pg.All("method-call"), callsPage)
		for pg.Has("method-more") {
			pg.Click("method-more")
		}
		require.Len(t, pg.All("method-call"), callLimit)
		require.Contains(t, pg.Text("method-dropped"), "5 older calls were dropped")
		pg.Click("method-clear")
		require.False(t, pg.Has("method-call"))
	})
}

// Kept texts follow the language: the journal's, the history's, and the sentence under an editor.
func TestCallsInAnotherLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		<-pg.call(t.Context(), "done")
		pg.Select("method-mode", "hand")
		ended := pg.call(t.Context(), "waits")
		pg.Type("method-hand-1-status", "fine")
		pg.Fire("method-waiting", "submit", ui.Event{})
		require.Contains(t, pg.Text("method-waiting"), "The answer's status is a whole number, for example 200.")

		e := pg.DeviceLog.Entries[0]
		require.Equal(t, "Request\n{\n  \"n\": 1\n}\n\nResponse 200\n{\n  \"result\": \"done\"\n}", pg.Words(e.Detail))
		pg.Update(func() { pg.Language = catalog.Polish })
		require.Equal(t, "Żądanie\n{\n  \"n\": 1\n}\n\nOdpowiedź 200\n{\n  \"result\": \"done\"\n}", pg.Words(e.Detail))
		require.NotEqual(t, "answered 200", pg.Words(e.Note))
		require.NotContains(t, pg.Text("method-waiting"), "whole number")
		require.NotContains(t, pg.Text("method-call"), "answered")
		pg.Click("method-hand-1-silent")
		require.ErrorIs(t, (<-ended).err, errUnanswered)
	})
}

func TestRulesInASessionFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.Click("method-rule-add")
		pg.Type("method-rule-0-name", "reboot")
		pg.Select("method-rule-0-mode", "silent")
		pg.Type("method-delay", "20")
		<-pg.call(t.Context(), "m")
		d := savefile.Document{Version: savefile.Version}
		pg.Save(&d)
		require.Equal(t, []string{"reboot", "*"}, []string{d.Rules[0].Method, d.Rules[1].Method})
		require.Equal(t, "silent", d.Rules[0].Mode)
		require.Len(t, d.Methods, 1)
		require.Equal(t, "{\n  \"result\": \"done\"\n}", d.Methods[0].Response)

		other := open(t)
		other.Update(func() { other.Restore(&d) })
		var again savefile.Document
		other.Save(&again)
		require.Equal(t, d.Rules, again.Rules)
		other.Update(func() { other.Restore(&savefile.Document{Version: 1}) })
		other.Save(&again)
		require.Equal(t, d.Rules, again.Rules, "version 1 has no rules")
	})
}

func TestRulesOfAScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.Type("method-status", "404")
		var restore func()
		pg.Update(func() { restore = pg.ReplaceRules() })
		require.Equal(t, 200, (<-pg.call(t.Context(), "m")).Status)
		require.NoError(t, pg.PlayAnswer(&scenario.Answer{MethodName: "m", MethodResponseCode: 202, MethodResponsePayload: json.RawMessage(`{"a":1}`), Delay: 0.25}))
		require.NoError(t, pg.PlayAnswer(&scenario.Answer{MethodName: "m", MethodResponseCode: 203, Delay: 0.5}))
		require.Len(t, pg.All("method-rule"), 1, "a method has one rule")
		from := pg.Next()
		r := <-pg.call(t.Context(), "m")
		require.Equal(t, 203, r.Status)
		require.Equal(t, 500*time.Millisecond, r.took)
		list := pg.Sightings(from)
		require.Len(t, list, 1)
		require.Equal(t, "m", list[0].Value.(map[string]any)["methodName"])
		pg.Update(restore)
		require.Equal(t, 404, (<-pg.call(t.Context(), "m")).Status)
		before := uitest.Markup(pg.View())
		for range 4 {
			pg.Go("a drawing", func(context.Context) { pg.View() })
		}
		synctest.Wait()
		require.Equal(t, before, uitest.Markup(pg.View()))
	})
}
