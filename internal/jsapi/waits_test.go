package jsapi_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryWaitHasAContext reads the code of the JavaScript API, here and in package wasm, and finds what could wait for ever: a promise
// of JavaScript need not settle, and a page need not answer.
func TestEveryWaitHasAContext(t *testing.T) {
	for _, folder := range []string{".", "../../wasm"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			for _, wait := range waits(file) {
				t.Errorf("%s: %s", set.Position(wait.pos), wait.why)
			}
		}
	}
}

// The test of the test: what it must find, and what it must not.
func TestWaitsAreFound(t *testing.T) {
	for code, found := range map[string]int{
		`<-c`:                                     1,
		`v, ok := <-c; use(v, ok)`:                1,
		`go func() { <-c }()`:                     1,
		`select { case <-c: case <-other: }`:      1,
		`select { case c <- 1: }`:                 1,
		`select {}`:                               1,
		`time.Sleep(1)`:                           1,
		`group.Wait()`:                            1,
		`await(context.Background(), promise)`:    2,
		`ctx := context.TODO(); await(ctx, p)`:    1,
		`await(promise)`:                          1,
		`select { case <-c: default: <-c }`:       1,
		`await(ctx, promise)`:                     0,
		`await(b.ctx, promise)`:                   0,
		`select { case <-c: default: }`:           0,
		`select { case <-c: case <-ctx.Done(): }`: 0,
		`select { case v := <-c: use(v); case <-b.ctx.Done(): }`: 0,
		`c <- 1`: 0, // a channel with room for what is sent
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "code.go", fmt.Sprintf("package p\nfunc f() { %s }", code), 0)
		require.NoError(t, err, code)
		require.Len(t, waits(file), found, code)
	}
}

type wait struct {
	pos token.Pos
	why string
}

// roots are the functions that make a context: the calls of JavaScript.
var roots = map[string]bool{"promise": true, "mount": true}

// waits finds what waits without a context. The end of the program is in main, which alone may wait for nothing.
func waits(file *ast.File) (found []wait) {
	add := func(n ast.Node, why string) { found = append(found, wait{n.Pos(), why}) }
	root := false
	chosen := map[ast.Node]bool{} // receives that a select chooses among
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			root = roots[n.Name.Name]
			return n.Name.Name != "main" || n.Recv != nil
		case *ast.SelectStmt:
			ends := false
			for _, c := range n.Body.List {
				clause := c.(*ast.CommClause)
				receive := received(clause.Comm)
				chosen[receive] = true
				ends = ends || clause.Comm == nil || receive != nil && endsWithContext(receive.X)
			}
			if !ends {
				add(n, "this select has neither a case for ctx.Done() nor a default")
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW && !chosen[n] {
				add(n, "a channel is received from outside of a select")
			}
		case *ast.CallExpr:
			switch name := called(n); {
			case name == "await" && (len(n.Args) < 2 || !isContext(n.Args[0])):
				add(n, "await needs the caller's ctx")
			case (name == "context.Background" || name == "context.TODO") && !root:
				add(n, "a context that never ends is no context to wait with")
			case name == "time.Sleep":
				add(n, "a sleep does not end with a context")
			case strings.HasSuffix(name, ".Wait"):
				add(n, "Wait does not end with a context")
			}
		}
		return true
	})
	return found
}

// received returns the receive of a case, or nil.
func received(comm ast.Stmt) *ast.UnaryExpr {
	var x ast.Expr
	switch s := comm.(type) {
	case *ast.ExprStmt:
		x = s.X
	case *ast.AssignStmt:
		x = s.Rhs[0]
	}
	receive, _ := x.(*ast.UnaryExpr)
	return receive
}

func endsWithContext(x ast.Expr) bool {
	call, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	done, ok := call.Fun.(*ast.SelectorExpr)
	return ok && done.Sel.Name == "Done" && isContext(done.X)
}

// isContext reports whether an expression is a variable or a field of the name ctx.
func isContext(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "ctx"
	case *ast.SelectorExpr:
		return x.Sel.Name == "ctx"
	}
	return false
}

// called is the name of a called function as the code has it, such as "time.Sleep" and "await"; of an expression before a method only
// the dot is left.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
		return "." + f.Sel.Name
	}
	return ""
}
