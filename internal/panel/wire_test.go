package panel

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
	"github.com/hubpanel/hubpanel/internal/ui/uitest"
)

// A person watches a twin being read and a message being sent, packet by packet.
func TestTheWireInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=wire")
		require.Contains(t, pg.read("wire-empty"), "Connect the device")
		pg.connect()
		pg.Show(page.TopicTelemetry)
		pg.click("telemetry-send")
		pg.Show(page.TopicWire)

		var lines []string
		for _, n := range pg.all("wire-record") {
			lines = append(lines, uitest.Text(n))
		}
		all := strings.Join(lines, "\n")
		for _, words := range []string{"connects as", "connected, with a new session", "twin GET, rid", "answered 200 in", "telemetry, ", "acknowledged: the hub has it"} {
			require.Contains(t, all, words)
		}

		pg.typeIn("wire-search", "acknowledged")
		require.Len(t, pg.all("wire-record"), 1)
		pg.click("wire-record")
		require.Contains(t, pg.read("wire-packet"), "PUBACK")
		require.Contains(t, pg.read("wire-packet"), "Packet identifier")

		// From the hex to the field, and back.
		pg.all("hex-byte")[3].Events[0].Do(ui.Event{})
		synctest.Wait()
		marked := 0
		for _, n := range pg.all("hex-byte") {
			if class, _ := n.Attr("class"); strings.Contains(class, "hex-marked") {
				marked++
			}
		}
		require.Equal(t, 2, marked, "the packet identifier has two bytes")

		pg.click("wire-partner")
		require.Contains(t, pg.read("wire-packet"), "PUBLISH", "the request of the answer")
	})
}

func TestAPausedWireDoesNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=wire")
		pg.connect()
		pg.click("wire-pause")
		before := len(pg.all("wire-record"))
		pg.Show(page.TopicTelemetry)
		pg.click("telemetry-send")
		pg.Show(page.TopicWire)
		require.Len(t, pg.all("wire-record"), before)
		pg.click("wire-pause")
		require.Len(t, pg.all("wire-record"), before+2, "what came meanwhile was kept")
	})
}

func TestTheWireHoldsNoSecretAndIsSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=wire")
		saved := map[string][]byte{}
		pg.saver(func(name string, data []byte) { saved[name[strings.LastIndex(name, "."):]] = data })
		pg.connect()
		pg.click("wire-pcapng")
		pg.click("wire-jsonl")
		key := pg.credentials().Key
		require.NotEmpty(t, key)
		require.Contains(t, string(saved[".jsonl"]), `"type":"CONNECT"`)
		require.Equal(t, []byte{0x0a, 0x0d, 0x0d, 0x0a}, saved[".pcapng"][:4])
		for _, data := range saved {
			require.False(t, bytes.Contains(data, []byte("sig=")))
		}
	})
}
