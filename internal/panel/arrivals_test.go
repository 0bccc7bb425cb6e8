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
		receive := func(what string) {
			pg.update(func() { pg.deviceLog.add(pg.now(), entryReceived, what, "", "") })
		}
		pg.View() // whatever came in the first second
		time.Sleep(announceEvery)
		receive("Direct method reboot")
		require.Equal(t, "Arrived: Direct method reboot", pg.read("arrivals"))
		for range 12 {
			receive("Cloud-to-device message")
		}
		require.Equal(t, "Arrived: Direct method reboot", pg.read("arrivals"), "a sentence a second")
		drawn := make(chan struct{}, 1)
		pg.env.Changed = func() { drawn <- struct{}{} }
		<-drawn // by itself
		pg.env.Changed = func() {}
		require.Equal(t, "12 arrivals", pg.read("arrivals"))
	})
}
