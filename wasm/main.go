//go:build js && wasm

// Command wasm is the program in the page: it binds internal/panel to the DOM, and internal/jsapi to JavaScript.
//
// It holds no logic. Values cross the border here and nowhere else; internal/panel and internal/jsapi give them their meaning. Every
// js.FuncOf body reads its values, passes them on and returns, because a body that waits stops the page's event loop
// (https://pkg.go.dev/syscall/js#FuncOf). Every function that waits takes a context, because a promise of JavaScript need not settle.
// Every goroutine's root recovers, because a panic that gets out ends the program under the page.
//
// web/hubpanel.js starts it: it calls globalThis.hubpanelReady with the functions of this program.
package main

import "syscall/js"

func main() {
	api := js.Global().Get("Object").New()
	api.Set("mount", js.FuncOf(mount))
	api.Set("connect", js.FuncOf(connect))
	api.Set("register", js.FuncOf(register))
	api.Set("runScenario", js.FuncOf(runScenario))
	js.Global().Call("hubpanelReady", api)
	select {} // for as long as the page lives: the functions above are its life
}
