package site

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// realPage is web/ as it is, with small stand-ins for what the build makes, so that the test asks for no build.
func realPage(t *testing.T) fstest.MapFS {
	t.Helper()
	pages := fstest.MapFS{"hubpanel.wasm": {Data: []byte("\x00asm")}, "wasm_exec.js": {Data: []byte("globalThis.Go = class {}\n")}}
	web := os.DirFS("../../web")
	names, err := fs.Glob(web, "*")
	require.NoError(t, err)
	for _, name := range names {
		if pages[name] == nil {
			data, err := fs.ReadFile(web, name)
			require.NoError(t, err)
			pages[name] = &fstest.MapFile{Data: data}
		}
	}
	return pages
}

func dist(t *testing.T, folder fs.FS) (files fs.FS) {
	t.Helper()
	s, err := New(folder, Options{})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "dist")
	require.NoError(t, s.WriteDist(dir))
	return os.DirFS(dir)
}

// TestEveryReferenceIsToAFileThatIsThere reads the site's own pages and scripts: a name without a hash would be a file that
// is not there, or one that a host keeps for too long.
func TestEveryReferenceIsToAFileThatIsThere(t *testing.T) {
	folder := realPage(t)
	site := dist(t, folder)
	named := regexp.MustCompile(`["'` + "`" + `](?:\./)?([\w-]+(?:\.[0-9a-f]{12})?\.(?:js|css|wasm|svg|html))["'` + "`" + `]`)
	references := 0
	for _, pattern := range []string{"*.html", "*.js", "*.css"} {
		names, err := fs.Glob(site, pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			if name == workerFile {
				continue // it names the entrances too: TestTheWorkerKnowsEveryFile
			}
			data, err := fs.ReadFile(site, name)
			require.NoError(t, err)
			for _, match := range named.FindAllStringSubmatch(string(data), -1) {
				if match[1] == embedPage || match[1] == workerFile || strings.HasPrefix(name, strings.TrimSuffix(match[1], ".js")+".") {
					continue // pages and the worker keep their names, and a module's own comment may show how it is imported
				}
				references++
				_, err := fs.Stat(site, match[1])
				require.NoError(t, err, "%s refers to %s", name, match[1])
				require.Regexp(t, hashedName, match[1], "%s refers to a file by a name without a hash", name)
			}
		}
	}
	require.Greater(t, references, 10)
}

func TestANameChangesWithTheContentAndWithWhatItRefersTo(t *testing.T) {
	names := func(folder fstest.MapFS) map[string]string {
		site, found := dist(t, folder), map[string]string{}
		for _, pattern := range []string{"boot.*.js", "hubpanel.*.js", "hubpanel.*.wasm", "style.*.css"} {
			matches, err := fs.Glob(site, pattern)
			require.NoError(t, err)
			require.Len(t, matches, 1, pattern)
			found[pattern] = matches[0]
		}
		return found
	}
	before := names(realPage(t))
	require.Equal(t, before, names(realPage(t)), "the same content has the same name")
	changed := realPage(t)
	changed["hubpanel.wasm"] = &fstest.MapFile{Data: []byte("\x00asm, rebuilt")}
	after := names(changed)
	for _, pattern := range []string{"hubpanel.*.wasm", "hubpanel.*.js", "boot.*.js"} {
		require.NotEqual(t, before[pattern], after[pattern])
	}
	require.Equal(t, before["style.*.css"], after["style.*.css"], "what has not changed stays in the caches")
}

func TestWhoImportsTheModuleByItsNameGetsTheHashedOne(t *testing.T) {
	site := dist(t, realPage(t))
	data, err := fs.ReadFile(site, "hubpanel.js")
	require.NoError(t, err)
	require.Regexp(t, `^export \* from "\./hubpanel\.[0-9a-f]{12}\.js";\n$`, string(data))
}

func TestACompressedCopyStandsBesideTheFile(t *testing.T) {
	site := dist(t, folder())
	names, err := fs.Glob(site, "*.gz")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		require.NotEqual(t, ".png", path.Ext(strings.TrimSuffix(name, ".gz")), "a PNG is compressed already")
		packed, err := fs.ReadFile(site, name)
		require.NoError(t, err)
		r, err := gzip.NewReader(bytes.NewReader(packed))
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		want, err := fs.ReadFile(site, strings.TrimSuffix(name, ".gz"))
		require.NoError(t, err)
		require.Equal(t, want, data, name)
	}
}

func TestHostsKeepOnlyWhatHasAHash(t *testing.T) {
	s := newSite(t, Options{})
	dir := t.TempDir()
	require.NoError(t, s.WriteDist(dir))
	headers, err := os.ReadFile(filepath.Join(dir, "_headers"))
	require.NoError(t, err)
	for _, name := range written(t, dir) {
		if strings.HasSuffix(name, ".gz") || name == "_headers" {
			continue
		}
		rule := "\n/" + name + "\n  Cache-Control: public, max-age=31536000, immutable\n"
		require.Equal(t, hashedName.MatchString(name), strings.Contains(string(headers), rule), name)
	}
	require.Contains(t, string(headers), "/index.html\n  Content-Security-Policy: frame-ancestors 'none'\n")
}

func TestACircleIsRefused(t *testing.T) {
	circle := folder()
	circle["a.js"] = &fstest.MapFile{Data: []byte(`import "./b.js";`)}
	circle["b.js"] = &fstest.MapFile{Data: []byte(`import "./a.js";`)}
	s, err := New(circle, Options{})
	require.NoError(t, err)
	require.ErrorContains(t, s.WriteDist(t.TempDir()), "a.js > b.js > a.js")
}

func TestTheWorkerKnowsEveryFile(t *testing.T) {
	read := func(folder fs.FS) (version string, files map[string]string, site fs.FS) {
		site = dist(t, folder)
		data, err := fs.ReadFile(site, workerFile)
		require.NoError(t, err)
		match := regexp.MustCompile(`(?s)^const version = "([0-9a-f]{12})";\nconst files = (\{.*?\});\n`).FindSubmatch(data)
		require.NotNil(t, match)
		require.NoError(t, json.Unmarshal(match[2], &files))
		return string(match[1]), files, site
	}
	version, files, site := read(realPage(t))
	require.NoError(t, fs.WalkDir(site, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".gz") || name == "_headers" || name == workerFile {
			return err
		}
		data, err := fs.ReadFile(site, name)
		require.Equal(t, integrity(data), files[name], name)
		delete(files, name)
		return err
	}))
	require.Empty(t, files, "files that are not there")

	again, _, _ := read(realPage(t))
	require.Equal(t, version, again, "the same files are the same version")
	changed := realPage(t)
	changed["index.html"] = &fstest.MapFile{Data: append(slices.Clone(changed["index.html"].Data), '\n')}
	other, _, _ := read(changed)
	require.NotEqual(t, version, other)
}

// Every script and style that a page loads has its hash, in its tag or, for what modules import, in the import map, which the
// policy allows by its own hash.
func TestPagesHoldTheHashesOfWhatTheyLoad(t *testing.T) {
	site := dist(t, realPage(t))
	for _, name := range []string{indexPage, embedPage} {
		data, err := fs.ReadFile(site, name)
		require.NoError(t, err)
		page := string(data)
		checked := 0
		for _, tag := range loadingTag.FindAllString(page, -1) {
			what := loaded.FindStringSubmatch(tag)
			if what == nil || strings.Contains(tag, `rel="icon"`) || strings.Contains(tag, `rel="manifest"`) || strings.Contains(tag, `rel="preload"`) {
				continue
			}
			content, err := fs.ReadFile(site, what[1])
			require.NoError(t, err, tag)
			require.Contains(t, tag, ` integrity="`+integrity(content)+`" crossorigin>`)
			checked++
		}
		require.Greater(t, checked, 10)

		_, rest, _ := strings.Cut(page, `<script type="importmap">`)
		text, _, _ := strings.Cut(rest, `</script>`)
		var importMap struct{ Integrity map[string]string }
		require.NoError(t, json.Unmarshal([]byte(text), &importMap))
		modules, err := fs.Glob(site, "*.js")
		require.NoError(t, err)
		for _, module := range modules {
			if hashedName.MatchString(module) {
				content, err := fs.ReadFile(site, module)
				require.NoError(t, err)
				require.Equal(t, integrity(content), importMap.Integrity["./"+module])
			}
		}
		policy := directives(t, metaPolicy(t, page))
		require.Equal(t, "'self' 'wasm-unsafe-eval' '"+integrity([]byte(text))+"'", policy["script-src"])
		require.Less(t, strings.Index(page, "importmap"), strings.Index(page, "modulepreload"), "a map that comes later counts for nothing")
	}
}

// One policy, in one page: an embed registers no worker.
func TestOnlyIndexMayRegisterTheWorker(t *testing.T) {
	site := dist(t, realPage(t))
	for name, want := range map[string][2]string{indexPage: {"'self'", workerPolicy}, embedPage: {"'none'", "'none'"}} {
		data, err := fs.ReadFile(site, name)
		require.NoError(t, err)
		policy := directives(t, metaPolicy(t, string(data)))
		require.Equal(t, want, [2]string{policy["worker-src"], policy["trusted-types"]}, name)
		require.Equal(t, name == indexPage, strings.Contains(string(data), `<meta name="hubpanel-offline" content="sw.js">`), name)
	}
	s := newSite(t, Options{})
	require.False(t, s.Has("/"+workerFile), "the served page keeps nothing")
	require.NotContains(t, body(t, get(t, s, "localhost:8080", "/")), "hubpanel-offline")
}

func TestTheProgramsHashStandsInItsLoader(t *testing.T) {
	site := dist(t, realPage(t))
	names, err := fs.Glob(site, "hubpanel.*.js")
	require.NoError(t, err)
	require.Len(t, names, 1)
	loader, err := fs.ReadFile(site, names[0])
	require.NoError(t, err)
	require.Contains(t, string(loader), `"`+integrity([]byte("\x00asm"))+`"`)

	missing := folder()
	missing["a.js"] = &fstest.MapFile{Data: []byte(`const hash = "integrity:gone.wasm";`)}
	s, err := New(missing, Options{})
	require.NoError(t, err)
	require.ErrorContains(t, s.WriteDist(t.TempDir()), "a.js wants the hash of gone.wasm")
}
