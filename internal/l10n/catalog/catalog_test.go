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

// Below internal: pageFolders hold the packages whose texts a person reads on the page, where every literal is translated or an exception
// of TestEveryTextIsTranslated. libraries are those whose messages reach the page: meanings of packets, verdicts, errors.
var (
	pageFolders = []string{"panel", "hubservice", "jsontext", "savefile", "simulation", "ui", "l10n"}
	libraries   = []string{"wire", "doctor", "hubproto", "scenario", "../pkg/hubclient"}
)

// internal is the folder internal, from here.
const internal = "../.."

// sourceText is a text that the code translates.
type sourceText struct {
	where  string
	one    string // the singular of a TN
	plural bool
	joins  bool // it only joins its values, and may be the same in every language
	values int  // how many values come with it; -1 where a slice is passed on
}

// rawText is a literal that reaches the page untranslated.
type rawText struct{ where, text string }

// source holds the texts of the code: those that it translates, and those that it shows as they are.
type source struct {
	texts map[string]sourceText
	raw   []rawText
	wrong []string // calls that are not as they must be
}

// Words that stay as they are in every language: names of products, of standards and of fields.
var names = []string{"hubpanel", "Node.js", "Python", "Bash", "PowerShell", "English", "mosquitto_pub", "Go", "IoT Hub", "Authorization"}

// Calls whose texts nobody reads on the page: element names, keys, attributes that are not shown, programs' own.
var silent = regexp.MustCompile(`^(TestID|Key|H|NewReplacer|MustCompile|Compile|Contains|ContainsAny|ContainsRune|HasPrefix|HasSuffix|TrimPrefix|TrimSuffix|Trim|TrimLeft|TrimRight|Cut|CutPrefix|Index|IndexByte|LastIndex|Split|SplitN|SplitSeq|Replace|ReplaceAll|Count|EqualFold|Format|Parse|ParseInLocation|panic|Go|Recovered|protect|OnKeys|Get|Set|Remove|Join|Fields|Verbatim)$`)

// Attributes that a person reads or hears.
var readAttributes = []string{"placeholder", "title", "aria-label", "alt", "aria-description", "aria-roledescription", "aria-valuetext"}

// prose is a text for people: two words, or one with a capital letter.
var prose = regexp.MustCompile(`\pL{2,}[,.;:]? \pL{2,}|^\p{Lu}\p{Ll}{2,}[.…!?:]*$`)

// letters is any text at all.
var letters = regexp.MustCompile(`\pL{2,}`)

func readSource(t *testing.T) source {
	t.Helper()
	src := source{texts: map[string]sourceText{}}
	fset := token.NewFileSet()
	read := func(file string) {
		if strings.HasSuffix(file, "_test.go") || filepath.Ext(file) != ".go" {
			return
		}
		parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		name, err := filepath.Rel(internal, file)
		require.NoError(t, err)
		src.readFile(fset, parsed, filepath.ToSlash(name))
	}
	for _, folder := range pageFolders {
		require.NoError(t, filepath.WalkDir(filepath.Join(internal, folder), func(file string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && strings.HasSuffix(entry.Name(), "test"):
				return fs.SkipDir // helpers of tests
			case !entry.IsDir():
				read(file)
			}
			return nil
		}))
	}
	for _, folder := range libraries {
		files, err := filepath.Glob(filepath.Join(internal, folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files, folder)
		for _, file := range files {
			read(file)
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
			src.readCall(n, place())
		case *ast.BasicLit:
			if n.Kind == token.STRING && !slices.Contains(libraries, path.Dir(name)) {
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
	source := sourceText{where: where}
	first := 0
	switch called(c) {
	case "T", "l10n.New", "means", "newMessage":
	case "wrong": // of hubclient: an argument
		if !strings.Contains(where, "hubclient") {
			return
		}
	case "Check", "CheckObject": // jsontext's: their first argument names the text
		if name, ok := literal(c.Args[0]); ok && name != "" {
			src.texts[name] = source
		}
		return
	case "TN", "l10n.NewN":
		first, source.plural = 2, true
	default:
		return
	}
	if len(c.Args) <= first {
		return
	}
	text, ok := literal(c.Args[first])
	if source.plural {
		var okOne bool
		source.one, okOne = literal(c.Args[1])
		ok = ok && okOne
	}
	if ok && text == "" {
		return // an empty message
	}
	source.joins = !letters.MatchString(verb.ReplaceAllString(text, ""))
	if !ok && c.Ellipsis.IsValid() && passedOn(c.Args[first]) {
		return
	}
	if !ok {
		src.wrong = append(src.wrong, where+": the text of "+called(c)+" is not a literal")
		return
	}
	source.values = len(c.Args) - first - 1
	if c.Ellipsis.IsValid() {
		source.values = -1
	}
	if known, again := src.texts[text]; again && known.plural != source.plural {
		src.wrong = append(src.wrong, fmt.Sprintf("%s: %q has plural forms here and none at %s", where, text, known.where))
	}
	for _, english := range []string{text, source.one} {
		if got := verbs(english); english != "" && source.values >= 0 && (source.values > 0 || source.plural) && len(got) != source.values {
			src.wrong = append(src.wrong, fmt.Sprintf("%s: %q has %d verbs and %d values", where, english, len(got), source.values))
		}
	}
	src.texts[text] = source
}

// passedOn is a text that a function was given, or that a message holds: it is a literal where the message was made.
func passedOn(e ast.Expr) bool {
	if field, ok := e.(*ast.SelectorExpr); ok {
		return field.Sel.Name == "Format" || field.Sel.Name == "Many"
	}
	_, ok := e.(*ast.Ident)
	return ok
}

// shown reports whether a literal is a text that a person reads on the page untranslated: by its place in the code and by its look.
func shown(stack []ast.Node, s string) bool {
	looks := prose
	child := stack[len(stack)-1]
	for i := len(stack) - 2; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.CallExpr:
			at := slices.IndexFunc(n.Args, func(a ast.Expr) bool { return a == child })
			switch name := called(n); {
			case name == "T" || name == "TN" || name == "l10n.New" || name == "l10n.NewN":
				return false
			case (name == "Check" || name == "CheckObject") && at == 0: // jsontext's
				return false
			case name == "H" && at > 0: // a part of an element: what it is in decides
			case name == "Attr" && at == 0: // its name
				return false
			case name == "Attr":
				if attribute, ok := literal(n.Args[0]); ok && !slices.Contains(readAttributes, attribute) {
					return false
				}
				looks = letters
			case (name == "Text" || name == "Label") && len(n.Args) == 1:
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

// TestCatalogs compares the code with the catalogs: every text of the code has a translation in every language, no catalog has others,
// and each translation takes the values that the English takes.
func TestCatalogs(t *testing.T) {
	src := readSource(t)
	require.NotEmpty(t, src.texts)
	require.Empty(t, src.wrong)
	for _, l := range Languages[1:] {
		t.Run(string(l.Lang), func(t *testing.T) {
			catalog := catalogs[l.Lang]()
			missing, unused := []string{}, []string{}
			for _, english := range slices.Sorted(maps.Keys(src.texts)) {
				source := src.texts[english]
				translated, ok := catalog[english]
				if !ok && source.joins {
					continue
				}
				if !ok || translated.many == "" {
					missing = append(missing, fmt.Sprintf("%s: %q", source.where, english))
					continue
				}
				forms := []string{translated.many}
				if source.plural && l.Lang == Polish {
					forms = append(forms, translated.one, translated.few)
				} else {
					require.Empty(t, translated.one+translated.few, "%q has forms that are never used", english)
				}
				for _, form := range forms {
					if source.values == 0 && !source.plural {
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
			require.Empty(t, strings.Join(unused, "\n"), "used nowhere")
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
