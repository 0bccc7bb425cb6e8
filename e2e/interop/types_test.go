package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheTypesAreWhatAProgramNeeds compiles a user's program against web/hubpanel.d.ts, and compares that with web/hubpanel.js.
func TestTheTypesAreWhatAProgramNeeds(t *testing.T) {
	node := program(t, "node")
	modules, err := install(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	for from, to := range map[string]string{
		"../../web/hubpanel.d.ts": "declared/hubpanel.d.ts",
		"../../web/hubpanel.js":   "written/hubpanel.js",
		"types/program.ts":        "program.ts",
		"types/same.ts":           "same.ts",
	} {
		content, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, to), content, 0o644))
	}
	compiler := exec.CommandContext(t.Context(), node, filepath.Join(modules, "typescript", "bin", "tsc"), "--noEmit", "--strict", "--allowJs", "--maxNodeModuleJsDepth", "0",
		"--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable", "program.ts", "same.ts")
	compiler.Dir = dir
	out, err := compiler.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
