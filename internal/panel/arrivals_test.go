package panel

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
)

func TestArrivalsAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var drawings atomic.Int64
		pg := openWith(t, Env{Changed: func() { drawings.Add(1) }, Params: page.ParseParams("view=messages", "")})
		require.Empty(t, pg.read("arrivals"))
		pg.connect()
		require.NotEmpty(t, pg.read("arrivals"), "the twin")
		pg.click("disconnect") // nothing counts down any more, and draws the page for a reason of its own
		time.Sleep(announceEvery)
		synctest.Wait()
		receive := func(what string) {
			pg.Update(func() { pg.DeviceLog.Add(pg.Now(), page.Received, l10n.Verbatim(what), nil, nil) })
		}
		pg.View() // whatever came in the first second
		time.Sleep(announceEvery)
		synctest.Wait()
		receive("Direct method reboot")
		require.Equal(t, "Arrived: Direct method reboot", pg.read("arrivals"))
		for range 12 {
			receive("Cloud-to-device message")
		}
		require.Equal(t, "Arrived: Direct method reboot", pg.read("arrivals"), "a sentence a second")
		drawings.Store(0)
		time.Sleep(announceEvery)
		synctest.Wait()
		require.Positive(t, drawings.Load(), "the page draws itself again, to announce the rest")
		require.Equal(t, "12 arrivals", pg.read("arrivals"))
	})
}
