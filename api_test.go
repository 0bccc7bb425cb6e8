package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPublicPackagesNameNoInternalOne: a program outside this module cannot name an internal type, and go doc does not show its
// fields.
func TestPublicPackagesNameNoInternalOne(t *testing.T) {
	for _, browser := range []bool{false, true} {
		packages := exportData(t, browser)
		imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(packages[path]) })
		checked := 0
		for path := range packages {
			if !strings.HasPrefix(path, modulePath+"/pkg/") || isInternal(path) {
				continue
			}
			pkg, err := imports.Import(path)
			require.NoError(t, err)
			require.Empty(t, internalNames(pkg), "%s: exported declarations that name an internal package (browser: %v)", path, browser)
			checked++
		}
		require.NotZero(t, checked)
	}
}

// isInternal reports whether a package of this module may not be imported from outside.
func isInternal(path string) bool {
	return strings.HasPrefix(path, modulePath+"/") && slices.Contains(strings.Split(path, "/"), "internal")
}

// exportData returns the files with the types of the public packages and of all that they import.
func exportData(t *testing.T, browser bool) map[string]string {
	t.Helper()
	patterns := []string{"./pkg/..."}
	if browser { // those that run there: a store of files does not build
		patterns = []string{"./pkg/mqttcodec", "./pkg/wsconn", "./pkg/hubclient", "./pkg/emulator"}
	}
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, patterns...)...)
	if browser {
		cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go list: %s", stderr.String())
	files := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); err == io.EOF {
			return files
		} else {
			require.NoError(t, err)
		}
		if p.Export != "" { // unsafe has none
			files[p.ImportPath] = p.Export
		}
	}
}

// internalNames lists the exported declarations of a package that name a package under internal/.
func internalNames(pkg *types.Package) []string {
	w := apiWalk{found: map[string]bool{}, seen: map[types.Type]bool{}}
	for _, name := range pkg.Scope().Names() {
		if object := pkg.Scope().Lookup(name); object.Exported() {
			w.object(object)
		}
	}
	var found []string
	for where := range w.found {
		found = append(found, where)
	}
	slices.Sort(found)
	return found
}

// An apiWalk follows the types that a package's documentation shows.
type apiWalk struct {
	found map[string]bool
	seen  map[types.Type]bool
}

func (w *apiWalk) object(object types.Object) {
	name := object.Name()
	declared, isType := object.(*types.TypeName)
	if !isType {
		w.walk(name, object.Type())
		return
	}
	if alias, ok := declared.Type().(*types.Alias); ok {
		w.parameters(name, alias.TypeParams())
		w.walk(name, alias.Rhs())
		return
	}
	w.declared(name, declared.Type().(*types.Named))
}

// declared walks through the fields and methods of a type that the package itself declares.
func (w *apiWalk) declared(name string, named *types.Named) {
	if w.seen[named] {
		return
	}
	w.seen[named] = true
	w.parameters(name, named.TypeParams())
	w.walk(name, named.Underlying())
	var methods *types.MethodSet
	if types.IsInterface(named) {
		methods = types.NewMethodSet(named)
	} else {
		methods = types.NewMethodSet(types.NewPointer(named)) // those of embedded types too
	}
	for method := range methods.Methods() {
		if method.Obj().Exported() {
			w.walk(name+"."+method.Obj().Name(), method.Type())
		}
	}
}

func (w *apiWalk) parameters(name string, parameters *types.TypeParamList) {
	for p := range parameters.TypeParams() {
		w.walk(name, p.Constraint())
	}
}

// uses reports a name of another package, and walks through an unexported type of the package itself.
func (w *apiWalk) uses(where string, object *types.TypeName, arguments *types.TypeList) {
	if object.Pkg() != nil && isInternal(object.Pkg().Path()) {
		w.found[fmt.Sprintf("%s: %s.%s", where, object.Pkg().Path(), object.Name())] = true
	}
	for argument := range arguments.Types() {
		w.walk(where, argument)
	}
}

func (w *apiWalk) walk(where string, t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		w.uses(where, t.Obj(), t.TypeArgs())
		w.walk(where, t.Rhs())
	case *types.Named:
		w.uses(where, t.Obj(), t.TypeArgs())
		if !t.Obj().Exported() && t.Obj().Pkg() != nil { // go doc shows the methods and fields that it gives to others
			w.declared(where, t)
		}
	case *types.Pointer:
		w.walk(where, t.Elem())
	case *types.Slice:
		w.walk(where, t.Elem())
	case *types.Array:
		w.walk(where, t.Elem())
	case *types.Chan:
		w.walk(where, t.Elem())
	case *types.Map:
		w.walk(where, t.Key())
		w.walk(where, t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			w.walk(where, v.Type())
		}
	case *types.Signature:
		w.parameters(where, t.TypeParams())
		w.walk(where, t.Params())
		w.walk(where, t.Results())
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() || field.Embedded() {
				w.walk(where+"."+field.Name(), field.Type())
			}
		}
	case *types.Interface:
		for method := range t.ExplicitMethods() {
			if method.Exported() {
				w.walk(where+"."+method.Name(), method.Type())
			}
		}
		for embedded := range t.EmbeddedTypes() {
			w.walk(where, embedded)
		}
	case *types.Union:
		for term := range t.Terms() {
			w.walk(where, term.Type())
		}
	}
}

// TestInternalNamesAreFound: the walk sees each place in which a declaration can name a type.
func TestInternalNamesAreFound(t *testing.T) {
	fakes := map[string]*types.Package{}
	imports := importFunc(func(path string) (*types.Package, error) { return fakes[path], nil })
	check := func(path, source string) *types.Package {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path+".go", source, 0)
		require.NoError(t, err)
		pkg, err := (&types.Config{Importer: imports}).Check(path, set, []*ast.File{file}, nil)
		require.NoError(t, err)
		fakes[path] = pkg
		return pkg
	}
	check(modulePath+"/internal/x", "package x; type T struct{ F int }; func (T) Method() T { return T{} }; type G[A any] struct{}; type A = int; const C T2 = 1; type T2 int; type I interface{ M() }")
	for _, good := range []string{
		"type S struct{ hidden x.T }",
		"func f(x.T) {}",
		"type s struct{ F x.T }",
		"type S struct{}; func (S) m() x.T { return x.T{} }",
		"const C = int(x.C)",
	} {
		require.Empty(t, internalNames(check("good", "package good; import \""+modulePath+"/internal/x\"; "+good+"; var _ x.T")), good)
	}
	for _, bad := range []string{
		"type S struct{ F x.T }",
		"type S struct{ x.T }",
		"type S struct{ *x.T }",
		"type s struct{ F x.T }; type S struct{ s }",
		"type s struct{}; func (s) M() x.T { return x.T{} }; type S struct{ s }",
		"type S struct{ F map[string][]chan *x.T }",
		"type S struct{ F func(...x.T) }",
		"type S struct{ F struct{ G [2]x.T } }",
		"type S = x.T",
		"type S = []x.T",
		"type S x.G[int]; func F() S2; type S2 struct{ F x.G[int] }",
		"type S[P x.I] struct{}",
		"type S interface{ x.I }",
		"type S interface{ M(x.T) }",
		"type S interface{ ~string | x.T2 }",
		"type S struct{}; func (*S) M() (x.T, error)",
		"func F(x.T)",
		"func F() (a x.A)",
		"func F[P interface{ x.I }]() {}",
		"var V x.T",
		"var V = x.C",
		"const C = x.C",
		"type s struct{ F x.T }; var V s",
	} {
		require.NotEmpty(t, internalNames(check("bad", "package bad; import \""+modulePath+"/internal/x\"; "+bad+"; var _ x.T")), bad)
	}
}

type importFunc func(path string) (*types.Package, error)

func (f importFunc) Import(path string) (*types.Package, error) { return f(path) }
