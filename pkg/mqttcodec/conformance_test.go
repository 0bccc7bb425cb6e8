//go:build !js

package mqttcodec

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statement is a row of docs/conformance.md.
type statement struct {
	id    string   // "MQTT-3.1.0-1"
	who   []string // "codec", "client", "emulator", "carrier"; empty: it does not apply
	shown string
}

var (
	rowPattern  = regexp.MustCompile(`(?m)^\| (MQTT-[0-9.-]+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$`)
	idPattern   = regexp.MustCompile(`MQTT-[0-9]+[.-][0-9]+\.[0-9]+-[0-9]+`)
	testPattern = regexp.MustCompile("`([a-z0-9]+)\\.((?:Test|Example|Fuzz)[A-Za-z0-9_]+)`")
)

func readConformance(t *testing.T) (table []statement) {
	b, err := os.ReadFile("../../docs/conformance.md")
	require.NoError(t, err)
	for _, m := range rowPattern.FindAllStringSubmatch(string(b), -1) {
		s := statement{id: m[1], shown: m[3]}
		if m[2] != "–" {
			s.who = strings.Split(m[2], ", ")
		}
		table = append(table, s)
	}
	return table
}

// docs/conformance.md and the code say the same: the table is complete, names tests that exist, and gives the codec
// what its code cites; and nothing is cited that the standard does not have.
func TestConformanceTable(t *testing.T) {
	table := readConformance(t)
	byID := map[string]statement{}
	highest := map[string]int{} // number of the last statement of each section
	for _, s := range table {
		require.Empty(t, byID[s.id].id, "%s is in the table twice", s.id)
		byID[s.id] = s
		section, number := splitID(t, s.id)
		highest[section] = max(highest[section], number)
	}
	require.Len(t, table, 141, "appendix B has 141 statements")
	total := 0
	for _, n := range highest {
		total += n
	}
	require.Equal(t, len(table), total, "every section's statements are numbered from 1 without a gap")

	packages := map[string]string{"mqttcodec": ".", "hubclient": "../hubclient", "emulator": "../emulator", "wsconn": "../wsconn",
		"hubproto": "../../internal/hubproto", "e2e": "../../e2e"}
	tests := map[string][]string{}
	for name, dir := range packages {
		tests[name] = testsIn(t, dir)
	}
	for _, s := range table {
		named := testPattern.FindAllStringSubmatch(s.shown, -1)
		for _, m := range named {
			require.NotEmpty(t, packages[m[1]], "%s names a test of an unknown package %s", s.id, m[1])
			require.True(t, slices.Contains(tests[m[1]], m[2]), "%s names %s, which %s does not have", s.id, m[2], m[1])
		}
		for _, who := range s.who {
			require.Contains(t, []string{"codec", "client", "emulator", "carrier"}, who, s.id)
		}
		switch {
		case len(s.who) == 0:
			require.Greater(t, len(s.shown), 20, "%s does not say why it does not apply", s.id)
		case len(named) == 0:
			require.Fail(t, "a statement without a test", "%s is obeyed by somebody, and the row does not say which test shows it", s.id)
		}
	}

	cited := map[string]bool{} // by the codec's own code
	for _, dir := range []string{"..", "../../internal", "../../e2e"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			src, err := os.ReadFile(path)
			for _, id := range idPattern.FindAllString(string(src), -1) {
				_, known := byID[id]
				require.True(t, known, "%s cites %s, which is not in the table", path, id)
				if filepath.Dir(path) == "../mqttcodec" && !strings.HasSuffix(path, "_test.go") {
					cited[id] = true
				}
			}
			return err
		}))
	}
	for _, s := range table {
		if slices.Contains(s.who, "codec") {
			require.True(t, cited[s.id], "the table gives %s to the codec, whose code does not cite it", s.id)
		}
	}
	for _, clause := range errorClauses(t) {
		require.Contains(t, byID[clause].who, "codec", "%s is in an error of the codec, and the table does not say so", clause)
	}
}

// splitID cuts "MQTT-3.1.0-1" into "3.1.0" and 1.
func splitID(t *testing.T, id string) (section string, number int) {
	i := strings.LastIndex(id, "-")
	number, err := strconv.Atoi(id[i+1:])
	require.NoError(t, err)
	// The standard writes one of them with a dash too many, MQTT-3-8.3-4.
	return strings.ReplaceAll(strings.TrimPrefix(id[:i], "MQTT-"), "3-8", "3.8"), number
}

// testsIn returns the names of the tests, examples and fuzz targets below a directory.
func testsIn(t *testing.T, dir string) (names []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}

// errorClauses returns the clauses of all errors that the package's code makes: the string constants that are one.
func errorClauses(t *testing.T) []string {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	clauses := map[string]bool{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && idPattern.FindString(s) == s && s != "" {
					clauses[s] = true
				}
			}
			return true
		})
	}
	require.NotEmpty(t, clauses)
	return slices.Sorted(maps.Keys(clauses))
}

// Every clause that an error can name is one that a packet can break: for each there is a case, decoded or encoded, in
// the vectors or in the tables of the tests.
func TestEveryClauseIsTested(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, path := range append(files, vectorFile) {
		if path == "conformance_test.go" {
			continue
		}
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		all.Write(b)
	}
	for _, clause := range errorClauses(t) {
		require.True(t, strings.Contains(all.String(), fmt.Sprintf("%q", clause)), "no test has a case for %s", clause)
	}
}
