// Package ui is a view as data: elements with attributes, texts and listeners, which wasm/ draws. The rooms of the page build it with H
// and the functions beside it.
//
// It knows neither a page nor a browser.
package ui
