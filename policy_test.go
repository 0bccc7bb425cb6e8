package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// This file tests what the project promises about its own shape (docs/architecture.md). If you change a rule, change both in the same
// commit.

const modulePath = "github.com/hubpanel/hubpanel"

// listed is what `go list` says about a package.
type listed struct {
	ImportPath   string
	Dir          string
	Doc          string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	Deps         []string
	Module       *struct {
		Path string
		Main bool
	}
}

// own reports whether the package is this project's.
func (p *listed) own() bool { return p.Module != nil && p.Module.Main }

// name is the package's path below the module, "." for the root.
func (p *listed) name() string { return relative(p.ImportPath) }

func relative(importPath string) string {
	if importPath == modulePath {
		return "."
	}
	return strings.TrimPrefix(importPath, modulePath+"/")
}

// goList lists the packages that the patterns name and all they import, for this machine or for the browser.
func goList(t *testing.T, browser bool, patterns ...string) map[string]*listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json"}, patterns...)...)
	if browser {
		cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go list: %s", stderr.String())
	packages := map[string]*listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		err := d.Decode(p)
		if err == io.EOF {
			return packages
		}
		require.NoError(t, err)
		packages[p.ImportPath] = p
	}
}

// The lists are the same for every test, and take a second each.
var (
	nativeOnce, pageOnce sync.Once
	nativeList, pageList map[string]*listed
)

// native is everything, on this machine.
func native(t *testing.T) map[string]*listed {
	nativeOnce.Do(func() { nativeList = goList(t, false, "./...") })
	require.NotEmpty(t, nativeList)
	return nativeList
}

// inPage is what goes into hubpanel.wasm.
func inPage(t *testing.T) map[string]*listed {
	pageOnce.Do(func() { pageList = goList(t, true, "./wasm") })
	require.NotEmpty(t, pageList)
	return pageList
}

// mayImport is the direction of dependencies: for each package of the project, which others it may import. A package that is not listed
// fails the test until it is added. The packages of the page are below.
var mayImport = map[string][]string{
	".":                           {"internal/serve", "internal/site"},
	"wasm":                        {"internal/hubproto", "internal/hubservice", "internal/jsapi", "internal/l10n/catalog", "internal/panel", "internal/panel/diagnosis", "internal/panel/keep", "internal/panel/page", "internal/panel/scenarios", "internal/scenario", "internal/ui", "pkg/hubclient", "pkg/mqttcodec", "pkg/wsconn"},
	"internal/jsapi":              {"internal/hubproto", "internal/hubservice", "internal/l10n", "internal/l10n/catalog", "internal/scenario", "pkg/hubclient", "pkg/mqttcodec"},
	"internal/scenario":           {"internal/hubproto", "internal/l10n"},
	"internal/hubservice":         {"internal/hubproto", "internal/l10n", "internal/readymade", "pkg/emulator"},
	"internal/simulation":         {"internal/hubproto", "internal/jsontext", "internal/l10n", "internal/savefile"},
	"internal/savefile":           {"internal/hubproto", "internal/jsontext", "internal/l10n"},
	"internal/snippet":            {"internal/hubproto"},
	"internal/jsontext":           {"internal/l10n"},
	"internal/ui":                 {},
	"internal/ui/uitest":          {"internal/ui"},
	"internal/serve":              {"internal/site", "internal/devcert", "internal/hubproto", "internal/readymade", "pkg/emulator", "pkg/emulator/boltstore"},
	"internal/readymade":          {"internal/hubproto", "pkg/emulator"},
	"internal/wat":                {},
	"internal/wat/assemble":       {"internal/wat"},
	"internal/site":               {"internal/hubproto"},
	"internal/site/dist":          {"internal/site"},
	"internal/devcert":            {},
	"internal/doctor":             {"internal/hubproto", "internal/l10n", "pkg/mqttcodec", "pkg/wsconn"},
	"internal/wire":               {"internal/hubproto", "internal/l10n", "pkg/mqttcodec"},
	"internal/hubproto":           {"internal/l10n", "pkg/iothub"},
	"internal/l10n":               {},
	"internal/l10n/catalog":       {"internal/hubproto", "internal/l10n", "pkg/hubclient", "pkg/mqttcodec", "pkg/wsconn"},
	"pkg/iothub":                  {},
	"pkg/mqttcodec":               {},
	"pkg/wsconn":                  {},
	"pkg/wsconn/wstest":           {}, // the other end for wsconn's tests; shares nothing with it
	"pkg/hubclient":               {"internal/hubproto", "internal/l10n", "pkg/iothub", "pkg/mqttcodec", "pkg/wsconn"},
	"pkg/emulator":                {"internal/hubproto", "pkg/emulator/internal/query", "pkg/emulator/internal/ring", "pkg/mqttcodec", "pkg/wsconn"},
	"pkg/emulator/internal/query": {},
	"pkg/emulator/internal/ring":  {},
	"pkg/emulator/boltstore":      {"pkg/emulator"},
	"cmd/scenario":                {"e2e/browser", "internal/scenario", "internal/site"},
	"examples/device":             {"pkg/hubclient", "pkg/iothub"},
	"e2e":                         {"e2e/browser", "e2e/faultproxy", "e2e/firefox", "internal/doctor", "internal/scenario", "internal/serve", "internal/site", "internal/hubproto", "internal/wire", "pkg/hubclient", "pkg/emulator", "pkg/mqttcodec", "pkg/wsconn"},
	"e2e/browser":                 {},
	"e2e/chaos":                   {},
	"e2e/faultproxy":              {},
	"e2e/firefox":                 {"e2e/browser"},
	"e2e/interop":                 {"internal/serve"},
	"e2e/wasmexec":                {"e2e/browser", "e2e/firefox", "pkg/wsconn/wstest"},
}

// The page's packages: internal/panel wires the rooms, every package below it but the kit is a room. Rooms import the kit and the
// services, and never each other.
const (
	panelPath = "internal/panel"
	kit       = panelPath + "/page"
)

var (
	kitMayImport = []string{"internal/hubproto", "internal/jsontext", "internal/l10n", "internal/l10n/catalog", "internal/ui"}
	services     = []string{"internal/doctor", "internal/hubservice", "internal/savefile", "internal/scenario", "internal/simulation", "internal/snippet", "internal/wire", "pkg/emulator", "pkg/hubclient", "pkg/mqttcodec", "pkg/wsconn"}
)

// allowed returns what a package may import, and whether it is known.
func allowed(name string) (paths []string, known bool) {
	switch {
	case name == kit:
		return kitMayImport, true
	case name == kit+"/pagetest":
		return slices.Concat(kitMayImport, []string{kit, "internal/ui/uitest"}), true
	case name == panelPath: // and every room: see TestDependenciesPointOneWay
		return slices.Concat(kitMayImport, services, []string{kit}), true
	case strings.HasPrefix(name, panelPath+"/"):
		return slices.Concat(kitMayImport, services, []string{kit}), true
	}
	paths, known = mayImport[name]
	return paths, known
}

func TestDependenciesPointOneWay(t *testing.T) {
	for _, packages := range []map[string]*listed{native(t), inPage(t)} {
		for _, p := range packages {
			if !p.own() {
				continue
			}
			paths, known := allowed(p.name())
			require.True(t, known, "%s fails this test until it is added to mayImport, and to docs/architecture.md", p.name())
			for _, path := range p.Imports {
				if !strings.HasPrefix(path, modulePath) || p.name() == panelPath && strings.HasPrefix(relative(path), panelPath+"/") {
					continue // the root of the page wires every room
				}
				require.Contains(t, paths, relative(path), "%s must not import it", p.name())
			}
		}
	}
}

// Tests may look further than the package itself, but the client's and the emulator's never at each other: each is tested against
// what the documents say, and not against the other's mistakes.
func TestClientAndEmulatorNeverMeet(t *testing.T) {
	packages := native(t)
	for a, b := range map[string]string{"pkg/hubclient": "pkg/emulator", "pkg/emulator": "pkg/hubclient"} {
		p := packages[modulePath+"/"+a]
		require.NotNil(t, p, a)
		for _, imports := range [][]string{p.Imports, p.TestImports, p.XTestImports, p.Deps} {
			require.NotContains(t, imports, modulePath+"/"+b, "%s must not import it, not even in tests", a)
		}
	}
}

// What the page must not carry: each would be loaded by every visitor, or could not work in a browser.
func TestWasmCarriesNoServer(t *testing.T) {
	packages := inPage(t)
	for path, why := range map[string]string{
		"net/http":                       "a third of the page; its calls are the browser's fetch",
		"crypto/tls":                     "the browser does TLS",
		"testing":                        "tests' own code in the page",
		"github.com/coder/websocket":     "links net/http; wsconn has its own bridge",
		"go.etcd.io/bbolt":               "there is no disk",
		"github.com/stretchr/testify":    "tests' own code in the page",
		"github.com/chromedp/chromedp":   "drives browsers from outside",
		modulePath + "/internal/serve":   "server",
		modulePath + "/internal/site":    "server",
		modulePath + "/internal/devcert": "server",
	} {
		for name := range packages {
			require.False(t, name == path || strings.HasPrefix(name, path+"/"), "the wasm imports %s: %s", name, why)
		}
	}
	// These run in the page, and are tested there because they are found below ./wasm.
	for _, name := range []string{"pkg/iothub", "pkg/mqttcodec", "pkg/wsconn", "pkg/hubclient", "pkg/emulator", "internal/hubproto", "internal/hubservice", "internal/jsapi", "internal/jsontext", "internal/l10n/catalog", "internal/panel", "internal/panel/page", "internal/panel/connection", "internal/panel/telemetry", "internal/savefile", "internal/scenario", "internal/simulation"} {
		require.Contains(t, packages, modulePath+"/"+name, "make test-browser would no longer run its tests")
	}
}

// onlyIn are the dependencies that belong to one place.
var onlyIn = map[string]func(p *listed) bool{
	"honnef.co/go/js/dom":            func(p *listed) bool { return p.name() == "wasm" },
	"syscall/js":                     func(p *listed) bool { return p.name() == "wasm" || p.name() == "pkg/wsconn" },
	"github.com/chromedp":            func(p *listed) bool { return strings.HasPrefix(p.name()+"/", "e2e/") || p.name() == "cmd/scenario" },
	"github.com/teivah/onecontext":   func(p *listed) bool { return p.name() == "pkg/hubclient" },
	"github.com/coder/websocket":     func(p *listed) bool { return p.name() == "pkg/wsconn" || p.name() == "e2e/firefox" },
	"go.etcd.io/bbolt":               func(p *listed) bool { return p.name() == "pkg/emulator/boltstore" },
	"github.com/stretchr/testify":    func(p *listed) bool { return false },
	modulePath + "/internal/devcert": func(p *listed) bool { return p.name() == "internal/serve" },
}

func TestDependenciesStayWhereTheyBelong(t *testing.T) {
	for _, packages := range []map[string]*listed{native(t), inPage(t)} {
		for _, p := range packages {
			if !p.own() {
				continue
			}
			// A program that drives browsers is not for other packages' tests either.
			for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
				require.False(t, strings.HasPrefix(path, "github.com/chromedp/") && !strings.HasPrefix(p.name()+"/", "e2e/"), "the tests of %s import %s", p.name(), path)
			}
			for _, path := range p.Imports {
				for dependency, belongs := range onlyIn {
					if path == dependency || strings.HasPrefix(path, dependency+"/") {
						require.True(t, belongs(p), "%s imports %s outside of its tests", p.name(), path)
					}
				}
			}
		}
	}
}

// onecontext.Merge costs a goroutine and an error of its own kind; one place knows how to live with that.
func TestOneCallOfOnecontext(t *testing.T) {
	var calls []string
	for path, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := selector.X.(*ast.Ident); ok && x.Name == "onecontext" {
					calls = append(calls, path)
				}
			}
			return true
		})
	}
	require.Len(t, calls, 1, "uses of onecontext")
}

// sources parses every Go file of the module, whatever it is built for.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	set := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || exists(filepath.Join(path, "go.mod"))) {
				return fs.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".go":
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err == nil {
			files[filepath.ToSlash(path)] = file
		}
		return err
	}))
	require.NotEmpty(t, files)
	return files
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, packages := range []map[string]*listed{native(t), inPage(t)} {
		for _, p := range packages {
			// A package of tests only says it in a test file, which go list does not read.
			if p.own() && len(p.GoFiles) > 0 {
				require.NotEmpty(t, p.Doc, "%s has no package comment", p.name())
			}
		}
	}
}

// A type with more methods than a person can keep in mind, or a package with more files, is two.
const (
	maxMethods = 40
	maxFiles   = 25
)

func TestRoomsStaySmall(t *testing.T) {
	methods, files := map[string]int{}, map[string]int{}
	for path, file := range sources(t) {
		dir := filepath.ToSlash(filepath.Dir(path))
		if !strings.HasPrefix(dir+"/", "internal/") && !strings.HasPrefix(dir+"/", "wasm/") || strings.HasSuffix(path, "_test.go") {
			continue
		}
		files[dir]++
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				methods[dir+"."+receiver(f)]++
			}
		}
	}
	require.NotEmpty(t, methods)
	for name, n := range methods {
		require.LessOrEqual(t, n, maxMethods, "%s has %d methods: it is two types", name, n)
	}
	for dir, n := range files {
		require.LessOrEqual(t, n, maxFiles, "%s has %d files without tests: it is two packages", dir, n)
	}
}

// receiver is the name of a method's type.
func receiver(f *ast.FuncDecl) string {
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	return t.(*ast.Ident).Name
}

func TestNothingIsReplaced(t *testing.T) {
	for _, name := range []string{"go.mod", "tools/go.mod"} {
		mod := goMod(t, name)
		require.Empty(t, mod.Replace, "%s: a replaced module is not what others get", name)
		require.Empty(t, mod.Exclude, name)
	}
}

type modFile struct {
	Require []struct {
		Path, Version string
		Indirect      bool
	}
	Tool             []struct{ Path string }
	Replace, Exclude []any
}

func goMod(t *testing.T, name string) modFile {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json", name).Output()
	require.NoError(t, err)
	var mod modFile
	require.NoError(t, json.Unmarshal(out, &mod))
	return mod
}

func TestEveryDependencyIsArguedFor(t *testing.T) {
	decisions, err := os.ReadFile("docs/decisions.md")
	require.NoError(t, err)
	for _, name := range []string{"go.mod", "tools/go.mod"} {
		for _, r := range goMod(t, name).Require {
			row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(r.Path) + ` \|`)
			require.Regexp(t, row, string(decisions), "docs/decisions.md has no line for %s of %s: what for, why this one, what it costs", r.Path, name)
		}
	}
}

// The habits are part of the project's outside: people and continuous integration call them.
func TestMakeKnowsEveryHabit(t *testing.T) {
	for _, target := range []string{"help", "run", "test", "wasm", "dist", "e2e", "chaos", "interop", "bench", "fuzz", "lint", "clean", "scenario"} {
		out, err := exec.Command("make", "--no-print-directory", "--dry-run", target).CombinedOutput()
		require.NoError(t, err, "make %s: %s", target, out)
	}
	help, err := exec.Command("make", "--no-print-directory").CombinedOutput()
	require.NoError(t, err, "make: %s", help)
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile(`(?m)^([a-z0-9-]+):.*##`).FindAllStringSubmatch(string(makefile), -1) {
		require.Contains(t, string(help), "make "+match[1])
	}
}

func TestContinuousIntegrationRunsTheSameChecks(t *testing.T) {
	script, err := os.ReadFile(".ci/run")
	require.NoError(t, err)
	var targets []string
	for _, match := range regexp.MustCompile(`\bmake ([a-z-]+) <`).FindAllStringSubmatch(string(script), -1) {
		targets = append(targets, match[1])
	}
	slices.Sort(targets)
	require.Equal(t, []string{"lint", "test"}, targets)
	info, err := os.Stat(".ci/run")
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&0o100, ".ci/run must be executable")
}
