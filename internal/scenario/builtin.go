package scenario

import (
	"embed"
	"sync"
)

//go:embed builtin/*.json
var builtinFiles embed.FS

// builtinNames are the built-in scenarios, in the order in which they are offered: from the first thing to try on.
var builtinNames = []string{"first-steps", "twin-sync", "methods", "dps", "lossy-network"}

// Builtins are the scenarios that come with the page. Nobody may change them.
var Builtins = sync.OnceValue(func() []*Document {
	var all []*Document
	for _, name := range builtinNames {
		raw, err := builtinFiles.ReadFile("builtin/" + name + ".json")
		if err != nil {
			panic(err) // embedded: a test reads them all
		}
		d, err := Parse(raw)
		if err != nil {
			panic(err)
		}
		all = append(all, d)
	}
	return all
})

// Builtin returns the built-in scenario of a name, or nil.
func Builtin(name string) *Document {
	for _, d := range Builtins() {
		if d.Name == name {
			return d
		}
	}
	return nil
}
