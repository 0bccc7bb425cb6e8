//go:build !js

package wsconn_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/wat"
)

func TestStageModuleIsItsText(t *testing.T) {
	text, err := os.ReadFile("stage.wat")
	require.NoError(t, err)
	module, err := os.ReadFile("stage.wasm")
	require.NoError(t, err)
	assembled, err := wat.Assemble(text)
	require.NoError(t, err)
	require.Equal(t, assembled, module, "stage.wasm differs from stage.wat: run go generate ./pkg/wsconn")
}
