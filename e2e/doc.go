// Package e2e runs the page in real Chrome, as a person uses it: served beside the emulator, and as a static site with
// the emulator inside.
//
// Here live the stories of the page, and what they measure and photograph. The tests of a package's own promises live in
// that package. Every story ends by asking the browser: no console error, no violation of the Content Security Policy, no
// request to another origin.
//
// The pictures of the README are made here: run the tests with HUBPANEL_PICTURES=1 to write docs/pictures.
package e2e
