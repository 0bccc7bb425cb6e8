package catalog

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pagePackages are the packages whose texts a person reads on the page: every literal in them is translated, or an exception of
// TestEveryTextIsTranslated. libraries are those whose messages reach the page: meanings of packets, verdicts, errors.
var (
	pagePackages = []string{"../../panel", "."}
	libraries    = []string{"../../wire", "../../doctor", "../../hubproto", "../../scenario", "../../../pkg/hubclient"}
)

// spoken is a text that the code says.
type spoken struct {
	where  string
	one    string // the singular of a sayN
	plural bool
	values int // how many values come with it; -1 where a slice is passed on
}

// rawText is a text that bypasses say.
type rawText struct{ where, text string }

// source is what the package's code says, and what it shows without saying it.
type source struct {
	texts map[string]spoken
	raw   []rawText // what bypasses say
	wrong []string  // calls of say that are not as they must be
}

// Programs' texts that no person reads as a sentence of the page: code to copy, protocols, panics, reports.
var technicalFiles = map[string]string{
	"../../panel/copyas.go": "commands and programs, which are in their own languages",
	"../../panel/script.go": "the JavaScript API, whose errors are for programmers and in English",
	"../../panel/code.go":   "the same",
	"catalog.go":            "the catalogs themselves",
}

// Words that stay as they are in every language: names of products, of standards and of fields.
var names = []string{"hubpanel", "Node.js", "Python", "Bash", "PowerShell", "English", "mosquitto_pub", "Go", "IoT Hub", "Authorization"}

// Calls whose texts nobody reads on the page: element names, keys, attributes that are not shown, programs' own.
var silent = regexp.MustCompile(`^(testid|key|h|NewReplacer|MustCompile|Compile|Contains|ContainsAny|ContainsRune|HasPrefix|HasSuffix|TrimPrefix|TrimSuffix|Trim|TrimLeft|TrimRight|Cut|CutPrefix|Index|IndexByte|LastIndex|Split|SplitN|SplitSeq|Replace|ReplaceAll|Count|EqualFold|Format|Parse|ParseInLocation|panic|start|recovered|onKeys|Get|Set|Remove|Join|Fields)$`)

// Attributes that a person reads or hears.
var readAttributes = []string{"placeholder", "title", "aria-label", "alt", "aria-description", "aria-roledescription", "aria-valuetext"}

// prose is a text for people: two words, or one with a capital letter.
var prose = regexp.MustCompile(`\pL{2,}[,.;:]? \pL{2,}|^\p{Lu}\p{Ll}{2,}[.…!?:]*$`)

// letters is any text at all.
var letters = regexp.MustCompile(`\pL{2,}`)

func readSource(t *testing.T) source {
	t.Helper()
	src := source{texts: map[string]spoken{}}
	fset := token.NewFileSet()
	for _, below := range slices.Concat(pagePackages, libraries) {
		files, err := filepath.Glob(below + "/*.go")
		require.NoError(t, err)
		require.NotEmpty(t, files, below)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			src.readFile(fset, file, filepath.ToSlash(name))
		}
	}
	return src
}

func (src *source) readFile(fset *token.FileSet, file *ast.File, name string) {
	var stack []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		place := func() string {
			at := fset.Position(n.Pos())
			return fmt.Sprintf("%s:%d", name, at.Line)
		}
		switch n := n.(type) {
		case *ast.ImportSpec:
			stack = stack[:len(stack)-1]
			return false
		case *ast.CallExpr:
			if technicalFiles[name] == "" {
				src.readCall(n, place())
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING && technicalFiles[name] == "" && !slices.Contains(libraries, path.Dir(name)) {
				if s, err := strconv.Unquote(n.Value); err == nil && !slices.Contains(names, s) && shown(stack, s) {
					src.raw = append(src.raw, rawText{place(), s})
				}
			}
		}
		return true
	})
}

// called is the name of the function or method that is called.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && x.Name == "l10n" {
			return "l10n." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return ""
}

// literal is the value of a string literal or of several that are added.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return literal(e.X)
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, err := strconv.Unquote(e.Value)
			return s, err == nil
		}
	case *ast.BinaryExpr:
		left, ok := literal(e.X)
		right, ok2 := literal(e.Y)
		return left + right, ok && ok2 && e.Op == token.ADD
	}
	return "", false
}

func (src *source) readCall(c *ast.CallExpr, where string) {
	said := spoken{where: where}
	first := 0
	switch called(c) {
	case "T", "l10n.New", "means", "newMessage":
	case "wrong": // of hubclient: an argument
		if !strings.Contains(where, "hubclient") {
			return
		}
	case "checkJSON", "checkObject": // they say what it is that they check
		if name, ok := literal(c.Args[0]); ok && name != "" {
			src.texts[name] = said
		}
		return
	case "TN":
		first, said.plural = 2, true
	default:
		return
	}
	if len(c.Args) <= first {
		return
	}
	text, ok := literal(c.Args[first])
	if said.plural {
		var okOne bool
		said.one, okOne = literal(c.Args[1])
		ok = ok && okOne
	}
	if ok && text == "" {
		return // nothing is said
	}
	if !ok && c.Ellipsis.IsValid() && passedOn(c.Args[first]) {
		return
	}
	if !ok {
		src.wrong = append(src.wrong, where+": the text of "+called(c)+" is not a literal")
		return
	}
	said.values = len(c.Args) - first - 1
	if c.Ellipsis.IsValid() {
		said.values = -1
	}
	if known, again := src.texts[text]; again && known.plural != said.plural {
		src.wrong = append(src.wrong, fmt.Sprintf("%s: %q is said with plural forms here and without at %s", where, text, known.where))
	}
	for _, english := range []string{text, said.one} {
		if got := verbs(english); english != "" && said.values >= 0 && (said.values > 0 || said.plural) && len(got) != said.values {
			src.wrong = append(src.wrong, fmt.Sprintf("%s: %q has %d verbs and %d values", where, english, len(got), said.values))
		}
	}
	src.texts[text] = said
}

// passedOn is a text that a function was given, or that a told holds: it was said where it was made.
func passedOn(e ast.Expr) bool {
	if field, ok := e.(*ast.SelectorExpr); ok {
		return field.Sel.Name == "Format" || field.Sel.Name == "Many"
	}
	_, ok := e.(*ast.Ident)
	return ok
}

// shown says whether a literal is a text that a person reads on the page without its having been said: by where it stands
// and by how it looks.
func shown(stack []ast.Node, s string) bool {
	looks := prose
	child := stack[len(stack)-1]
	for i := len(stack) - 2; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.CallExpr:
			at := slices.IndexFunc(n.Args, func(a ast.Expr) bool { return a == child })
			switch name := called(n); {
			case name == "T" || name == "TN" || name == "l10n.New":
				return false
			case (name == "checkJSON" || name == "checkObject") && at == 0: // what it is that they check, which they say
				return false
			case name == "h" && at > 0: // a part of an element: what it is in decides
			case name == "attr" && at == 0: // its name
				return false
			case name == "attr":
				if attribute, ok := literal(n.Args[0]); ok && !slices.Contains(readAttributes, attribute) {
					return false
				}
				looks = letters
			case (name == "text" || name == "label") && len(n.Args) == 1:
				looks = letters
			case at >= 0 && silent.MatchString(name):
				return false
			}
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				return false
			}
		case *ast.CaseClause:
			if slices.ContainsFunc(n.List, func(e ast.Expr) bool { return e == child }) {
				return false
			}
		case *ast.IndexExpr:
			if n.Index == child {
				return false
			}
		case *ast.KeyValueExpr:
			if n.Key == child {
				return false
			}
		case *ast.Field: // a tag
			return false
		case *ast.FuncLit, *ast.BlockStmt, *ast.FuncDecl:
			return looks.MatchString(s)
		}
		child = stack[i]
	}
	return looks.MatchString(s)
}

var verb = regexp.MustCompile(`%[+\-# 0]*[\d.]*(?:\[(\d+)\])?([a-zA-Z%])`)

// verbs are the kinds of a format's values, by their place; %% is none.
func verbs(format string) map[int]string {
	found := map[int]string{}
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		found[next] = m[2]
		next++
	}
	return found
}

// TestLanguages reads the code as it reads the catalogs: every text that is said stands in every language, nothing else
// does, and each translation takes the values that the English takes.
func TestLanguages(t *testing.T) {
	src := readSource(t)
	require.NotEmpty(t, src.texts)
	require.Empty(t, src.wrong)
	for _, l := range Languages[1:] {
		t.Run(string(l.Lang), func(t *testing.T) {
			catalog := catalogs[l.Lang]()
			missing, unused := []string{}, []string{}
			for _, english := range slices.Sorted(maps.Keys(src.texts)) {
				said := src.texts[english]
				translated, ok := catalog[english]
				if !ok || translated.many == "" {
					missing = append(missing, fmt.Sprintf("%s: %q", said.where, english))
					continue
				}
				forms := []string{translated.many}
				if said.plural && l.Lang == Polish {
					forms = append(forms, translated.one, translated.few)
				} else {
					require.Empty(t, translated.one+translated.few, "%q has forms that are never used", english)
				}
				for _, form := range forms {
					if said.values == 0 && !said.plural {
						continue // shown as it stands
					}
					require.Equal(t, verbs(english), verbs(form), "the values of %q in %q", english, form)
				}
				require.Equal(t, strings.TrimSpace(translated.many), translated.many, "%q begins or ends with a space", english)
			}
			for english := range catalog {
				if _, ok := src.texts[english]; !ok {
					unused = append(unused, english)
				}
			}
			require.Empty(t, strings.Join(missing, "\n"), "not translated")
			require.Empty(t, strings.Join(unused, "\n"), "said nowhere")
		})
	}
}

// A catalog names every text once: a JSON reader would take the last of two without a word.
func TestCatalogsNameTextsOnce(t *testing.T) {
	names, err := fs.Glob(catalogFiles, "lang/*.json")
	require.NoError(t, err)
	require.Len(t, names, len(Languages)-1)
	for _, name := range names {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		var previous string
		in := json.NewDecoder(strings.NewReader(string(raw)))
		_, err = in.Token()
		require.NoError(t, err)
		for in.More() {
			name, err := in.Token()
			require.NoError(t, err)
			require.Greater(t, name, previous, "the texts are in order")
			previous = name.(string)
			var text json.RawMessage
			require.NoError(t, in.Decode(&text))
		}
	}
}

func TestPluralForms(t *testing.T) {
	polish := translation{"%d plik", "%d pliki", "%d plików"}
	for n, want := range map[int]string{0: "many", 1: "one", 2: "few", 4: "few", 5: "many", 11: "many", 12: "many", 14: "many", 21: "many", 22: "few", 112: "many", 1002: "few"} {
		require.Equal(t, map[string]string{"one": polish.one, "few": polish.few, "many": polish.many}[want], polish.form(Polish, n), "%d", n)
	}
	require.Equal(t, "many", translation{"one", "few", "many"}.form(SimplifiedChinese, 1))
}

func TestMatchLang(t *testing.T) {
	for tags, want := range map[string]Lang{
		"": English, "de": English, "de,pl": Polish, "pl-PL": Polish, "en-GB,pl": English, "zh": SimplifiedChinese, "zh-CN": SimplifiedChinese,
		"zh-TW": TraditionalChinese, "zh-HK": TraditionalChinese, "zh-Hant-CN": TraditionalChinese, "zh-Hans-TW": SimplifiedChinese, "ZH-hant": TraditionalChinese,
	} {
		require.Equal(t, want, Match(strings.Split(tags, ",")...), tags)
	}
}
