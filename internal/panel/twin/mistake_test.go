package twin

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// Of several mistakes in a patch the page names the first by path, and each time the same one.
func TestTheFirstMistakeInAPatchIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := open(t)
		pg.Type("twin-patch", `{"d": {"no good": 1}, "c": [null], "b": {"y": {"ok": 1, "$no": 2}, "x": 9007199254740993}, "a": 1}`)
		for range 50 {
			require.Contains(t, pg.Text("twin-preview"), `"b.x" is an integer out of range`)
		}
	})
}
