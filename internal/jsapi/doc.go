// Package jsapi is the device of web/hubpanel.js: what connect, register and a device's methods do when a JavaScript program calls them.
//
// Documents cross the border as JSON text; this package gives them their meaning, and it runs natively, so that its tests do. Package
// wasm converts the values of JavaScript and calls this package. The class that programs see is in web/hubpanel.js; docs/js.md explains
// it. The page that a person sees is not here: it has package panel.
//
// Every function that waits takes a context.
package jsapi
