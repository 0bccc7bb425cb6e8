package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOnlyWhatWasBuiltIsRun lets a host send one file otherwise than it was built, and looks what the page says. Each is a file
// that works as well as the built one: only its hash tells them apart.
func TestOnlyWhatWasBuiltIsRun(t *testing.T) {
	dir := build(t, nil)
	h := newHost(t, dir)
	for _, c := range []struct{ file, place, says string }{
		{only(t, dir, "*.wasm"), "crash", "is not the one that this page was built with"},
		{"boot.", "broken", "did not arrive as it was built"},
		{"lang.", "broken", "did not arrive as it was built"}, // a module's import, by the import map
		{"wasm_exec.", "crash", "wasm_exec.js could not be loaded"},
		{"style.", "broken", "did not arrive as it was built"},
	} {
		for _, page := range []string{"", "embed.html"} {
			t.Run(c.file+page, func(t *testing.T) {
				h.serves(dir, c.file, altered)
				fresh := newPage(t)
				pn := &person{t: t, page: fresh}
				fresh.Open(t, h.origin+hostPath+page)
				pn.until(`document.getElementById("`+c.place+`").checkVisibility()`, "nothing says what is wrong")
				pn.sees(c.place, c.says)
				if c.file != "style." {
					require.False(t, script[bool](pn, `!!document.querySelector('[data-testid="connect"]')`), "it went on all the same")
				}
			})
		}
	}
}
