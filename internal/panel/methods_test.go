package panel

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// methodPage is a page with a connected device whose cloud side is about to call a method.
func methodPage(t *testing.T, method string) *person {
	pg := openPage(t, "view=methods")
	pg.connect()
	pg.typeIn("invoke-name", method)
	return pg
}

func TestTheFirstRuleThatMatchesAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := methodPage(t, "thermostat*reset")
		for i, name := range []string{"*", "thermostat*reset"} {
			pg.click("method-rule-add")
			id := "method-rule-" + string(rune('0'+i))
			pg.typeIn(id+"-name", name)
			pg.typeIn(id+"-status", string(rune('1'+i))+"00")
		}
		pg.click("invoke")
		require.Contains(t, pg.read("invoke-result"), "The device answered 100", "* matches every method")
		pg.click("method-rule-1-up")
		pg.click("invoke")
		require.Contains(t, pg.read("invoke-result"), "The device answered 200", "a star inside a name is the component's, and the order counts")

		pg.click("method-rule-0-remove")
		pg.click("method-rule-0-remove")
		pg.typeIn("method-delay", "1500")
		pg.click("invoke")
		require.True(t, pg.has("method-call"))
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, "1500 ms", pg.read("method-duration"))
		require.Contains(t, pg.read("invoke-result"), "in 1500 ms")
	})
}

func TestAMethodIsAnsweredByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := methodPage(t, "open")
		pg.fire("method-mode", "change", ui.Event{Value: "hand"})
		pg.click("invoke")
		require.Equal(t, "5:00 left", pg.read("method-countdown"))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Equal(t, "4:57 left", pg.read("method-countdown"))

		pg.typeIn("method-hand-0-answer", "{oops")
		pg.click("method-hand-0-send")
		require.Contains(t, pg.read("method-waiting"), "line 1, column 2", "a typing error is not sent")
		pg.typeIn("method-hand-0-answer", `{"by": "hand"}`)
		pg.typeIn("method-hand-0-status", "207")
		pg.click("method-hand-0-send")
		require.Contains(t, pg.read("invoke-result"), "The device answered 207")
		require.Contains(t, pg.read("invoke-result"), `"by": "hand"`)
		require.False(t, pg.has("method-waiting"))
		require.Equal(t, "3000 ms", pg.read("method-duration"))

		pg.click("invoke")
		pg.click("method-hand-1-fail")
		require.Contains(t, pg.read("invoke-result"), "The device answered 500")
	})
}

func TestAMethodIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := methodPage(t, "hang")
		pg.fire("method-mode", "change", ui.Event{Value: "silent"})
		pg.typeIn("invoke-timeout", "5")
		pg.click("invoke")
		require.Contains(t, pg.read("method-call"), "not answered, as asked for")
		time.Sleep(6 * time.Second)
		synctest.Wait()
		require.NotContains(t, pg.read("invoke-result"), "The device answered", "its caller's time-out came")

		pg.fire("method-mode", "change", ui.Event{Value: "hand"})
		pg.click("invoke")
		pg.click("disconnect")
		require.False(t, pg.has("method-waiting"))
		require.Contains(t, pg.read("method-call"), "not answered: the connection ended")
	})
}

func TestTheHistoryOfMethodsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=methods")
		for range callLimit + 5 {
			r, err := pg.methods.Called(context.Background(), hubclient.Method{Name: "m", Payload: json.RawMessage("null")})
			require.NoError(t, err)
			require.Equal(t, 200, r.Status)
		}
		require.Len(t, pg.all("method-call"), callsPage)
		for pg.has("method-more") {
			pg.click("method-more")
		}
		require.Len(t, pg.all("method-call"), callLimit)
		require.Contains(t, pg.read("method-dropped"), "older calls were dropped")
		pg.click("method-clear")
		require.False(t, pg.has("method-call"))
	})
}
