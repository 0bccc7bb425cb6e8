//go:build !js

package emulator_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// guarded are the fields of Hub that its mutex guards.
var guarded = map[string]bool{"mu": true, "conns": true, "devices": true, "enrollments": true, "groups": true, "registrations": true, "journal": true}

// The state of the hub (hub_*.go) knows no protocol, and REST (rest_*.go) reaches the state by methods only.
func TestStateKnowsNoProtocol(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	checked := map[string]int{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		require.NoError(t, err)
		prefix, _, _ := strings.Cut(name, "_")
		checked[prefix]++
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				if prefix == "hub" {
					require.NotContains(t, n.Path.Value, "mqttcodec", "%s imports a protocol", name)
					require.NotContains(t, n.Path.Value, "wsconn", "%s imports a protocol", name)
				}
				require.NotContains(t, n.Path.Value, "hubclient", name)
			case *ast.StarExpr:
				if x, ok := n.X.(*ast.Ident); ok && prefix == "hub" && name != "hub.go" {
					require.NotContains(t, []string{"conn", "session"}, x.Name, "%s: a type of MQTT", set.Position(n.Pos()))
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && prefix == "rest" && x.Name == "h" {
					require.False(t, guarded[n.Sel.Name], "%s: REST uses h.%s", set.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
	require.Greater(t, checked["hub"], 10)
	require.Greater(t, checked["rest"], 4)
}
