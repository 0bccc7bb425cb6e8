package inspector

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/ui"
)

// maxHex is how many bytes of a packet are drawn; the export has all of them.
const maxHex = 1024

const hexColumns = 16

// viewHex shows the bytes, sixteen a line, each a place to click.
func (room *Room) viewHex(packet []byte) *ui.Node {
	lines := ui.Nodes{}
	for at := 0; at < min(len(packet), maxHex); at += hexColumns {
		cells := ui.Nodes{ui.H("span.hex-offset", ui.Text(fmt.Sprintf("%04x", at)))}
		for i := at; i < min(at+hexColumns, len(packet)); i++ {
			marked := ""
			if room.state.from <= i && i < room.state.to {
				marked = "hex-marked"
			}
			cells = append(cells, ui.H("span.hex-byte", ui.Attr("class", marked), ui.TestID("hex-byte"), ui.OnClick(func() { room.markByte(i) }), ui.Text(fmt.Sprintf("%02x", packet[i]))))
		}
		cells = append(cells, ui.H("span.hex-text", ui.Text(printableText(packet[at:min(at+hexColumns, len(packet))]))))
		lines = append(lines, ui.H("div.hex-line", ui.Key(fmt.Sprint(at)), cells))
	}
	return ui.H("div.hex", ui.Attr("role", "group"), ui.Label(room.T("Bytes")), lines,
		ui.When(len(packet) > maxHex, ui.H("p.empty", ui.Text(room.T("The first %d of %d bytes; saving has them all.", maxHex, len(packet))))))
}

func printableText(b []byte) string {
	s := make([]byte, len(b))
	for i, c := range b {
		if s[i] = c; c < 0x20 || c > 0x7e {
			s[i] = '.'
		}
	}
	return string(s)
}
