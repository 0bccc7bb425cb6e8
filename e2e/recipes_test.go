package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/e2e/browser"
)

// generator makes a site of a recipe's files.
type generator struct {
	command, pkg string            // Debian's
	arguments    []string          // in the folder with the files
	around       map[string]string // what a docs site has anyway
	site, page   string            // the folder that it writes, and where the recipe's page is in there
}

// generators are those of docs/embed.md that Debian has, by the recipe's heading.
var generators = map[string]generator{
	"Markdown": {command: "cmark", pkg: "cmark", arguments: []string{"--unsafe", "page.md"}, page: "page.html"},
	"MkDocs": {command: "mkdocs", pkg: "mkdocs", arguments: []string{"build", "--quiet"}, site: "site",
		around: map[string]string{"mkdocs.yml": "site_name: Docs\n"}},
	"Sphinx": {command: "sphinx-build", pkg: "python3-sphinx", arguments: []string{"-q", ".", "site"}, site: "site"},
	"Hugo": {command: "hugo", pkg: "hugo", arguments: []string{"--quiet"}, site: "public", page: "device/",
		around: map[string]string{"config.toml": "title = \"Docs\"\n", "layouts/_default/single.html": "<!doctype html><title>{{ .Title }}</title>{{ .Content }}\n"}},
}

// A recipe is a heading of docs/embed.md, and below it blocks, each after the name of the file that it is.
var (
	recipeHeading = regexp.MustCompile(`(?m)^### (.+)$`)
	recipeFile    = regexp.MustCompile("(?s)`([\\w./-]+)`:\\n\\n```\\w+\\n(.*?)```\\n")
)

// TestTheRecipes builds a docs site of each recipe with the real generator, from the files as docs/embed.md has them, and starts
// the device in it.
func TestTheRecipes(t *testing.T) {
	document, err := os.ReadFile("../docs/embed.md")
	require.NoError(t, err)
	host := serveForFrames(t, build(t, nil))
	text := strings.ReplaceAll(string(document), "https://HOST/PATH", host)
	headings := recipeHeading.FindAllStringSubmatchIndex(text, -1)
	tried := 0
	for i, at := range headings {
		end := len(text)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		name, recipe := text[at[2]:at[3]], text[at[1]:end]
		g, ok := generators[name]
		if !ok {
			require.Equal(t, "Docusaurus", name, "docs/embed.md says that every other recipe is tried")
			continue
		}
		tried++
		t.Run(name, func(t *testing.T) {
			pn := &person{t: t, page: newPage(t)}
			pn.page.Open(t, g.builds(t, recipe))
			pn.until(`document.querySelector("hub-panel").shadowRoot?.querySelector("button")`, "no poster")
			pn.until(`document.querySelector("hub-panel img").naturalWidth > 0`, "no picture")
			script[bool](pn, `(document.querySelector("hub-panel").addEventListener("ready", () => { window.isReady = true; }), true)`)
			script[bool](pn, pressStart)
			pn.until(`window.isReady`, "the device is never ready")
		})
	}
	require.Equal(t, len(generators), tried)
}

// builds makes the site of a recipe, serves it, and returns the address of its page.
func (g generator) builds(t *testing.T, recipe string) string {
	t.Helper()
	command, err := browser.Ensure(t.Context(), g.command, g.pkg)
	require.NoError(t, err)
	dir := t.TempDir()
	files := map[string]string{}
	for name, content := range g.around {
		files[name] = content
	}
	for _, match := range recipeFile.FindAllStringSubmatch(recipe, -1) {
		files[match[1]] = match[2]
	}
	require.Greater(t, len(files), len(g.around), "the recipe has no files")
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	}
	cmd := exec.CommandContext(t.Context(), command, g.arguments...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if failed, ok := err.(*exec.ExitError); ok {
		require.NoError(t, err, "%s%s", out, failed.Stderr)
	}
	require.NoError(t, err)
	if g.site == "" { // it writes the page's inside, as renderers of Markdown do
		require.NoError(t, os.WriteFile(filepath.Join(dir, g.page), append([]byte("<!doctype html><title>docs</title>\n"), out...), 0o644))
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, g.site))))
	t.Cleanup(server.Close)
	return server.URL + "/" + g.page
}
