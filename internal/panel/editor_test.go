package panel

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTheEditorMarksTheLineAndFormats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "view=telemetry")
		pg.typeIn("telemetry-body", "{\n\"a\": x\n}")
		require.Contains(t, pg.read("telemetry-body-problem"), "line 2, column 6")
		invalid, _ := pg.find("telemetry-body").Attr("aria-invalid")
		require.Equal(t, "true", invalid)
		_, disabled := pg.find("telemetry-body-format").Attr("disabled")
		require.True(t, disabled)

		pg.typeIn("telemetry-body", `{"a":[1,2.50]}`)
		require.Empty(t, pg.read("telemetry-body-problem"))
		pg.click("telemetry-body-format")
		require.Equal(t, "{\n  \"a\": [\n    1,\n    2.50\n  ]\n}", pg.find("telemetry-body").Value)
		rows, _ := pg.find("telemetry-body").Attr("rows")
		require.Equal(t, "6", rows)
	})
}
