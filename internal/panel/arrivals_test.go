package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatArrivesIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		require.Empty(t, pg.read("arrivals"))
		pg.connect()
		require.NotEmpty(t, pg.read("arrivals"), "the twin")
		time.Sleep(announceEvery)
		synctest.Wait()
		receive := func(what string) {
			pg.update(func() { pg.deviceLog.add(pg.now(), entryReceived, what, "", "") })
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
		pg.mu.Lock()
		due := pg.countdowns.due
		pg.mu.Unlock()
		require.False(t, due.IsZero() || due.After(time.Now().Add(announceEvery)), "the page is to draw itself again, to say the rest")
		time.Sleep(announceEvery)
		synctest.Wait()
		require.Equal(t, "12 arrivals", pg.read("arrivals"))
	})
}
