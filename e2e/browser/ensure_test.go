package browser_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

const (
	closeWait = 10 * time.Second
	tick      = 20 * time.Millisecond
)

func TestChromeIsTheOneInCHROME_BIN(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "my-chrome")
	require.NoError(t, os.WriteFile(bin, []byte("#!/bin/sh\n"), 0o755))
	t.Setenv("CHROME_BIN", bin)
	path, err := browser.Chrome(t.Context())
	require.NoError(t, err)
	require.Equal(t, bin, path)

	t.Setenv("CHROME_BIN", bin+"-gone")
	_, err = browser.Chrome(t.Context())
	require.ErrorContains(t, err, "CHROME_BIN does not name a program")
}

func TestChromeIsFoundInPATH(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CHROME_BIN", "")
	t.Setenv("PATH", dir)
	bin := filepath.Join(dir, "google-chrome")
	require.NoError(t, os.WriteFile(bin, []byte("#!/bin/sh\n"), 0o755))
	path, err := browser.Chrome(t.Context())
	require.NoError(t, err)
	require.Equal(t, bin, path)
}

func TestEnsureSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no apt-get here
	_, err := browser.Ensure(t.Context(), "hubpanel-no-such-command", "some-package", "another")
	require.ErrorContains(t, err, "hubpanel-no-such-command is needed: install it (Debian: apt-get install some-package another)")
}

func TestEnsureInstalls(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	// An apt-get that puts the command in place, as the real one does, and keeps its arguments.
	script := `#!/bin/sh
echo "$DEBIAN_FRONTEND $@" >> "` + dir + `/log"
case "$*" in *install*) printf '#!/bin/sh\n' > "` + dir + `/hubpanel-tool"; chmod +x "` + dir + `/hubpanel-tool";; esac
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "apt-get"), []byte(script), 0o755))
	path, err := browser.Ensure(t.Context(), "hubpanel-tool", "tool-package")
	if os.Getuid() != 0 {
		require.ErrorContains(t, err, "this process is not root")
		return
	}
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "hubpanel-tool"), path)
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	require.Contains(t, string(log), "noninteractive -o DPkg::Lock::Timeout=300 update -qq\n")
	require.Contains(t, string(log), "install -y -qq --no-install-recommends tool-package\n")
}
