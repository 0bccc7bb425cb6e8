// Package keep is the room of everything that outlives the page: profiles, the secret that a tab keeps, preferences, the session file,
// logs as files, the device as code, and the browser's copy of the page for use without a network.
//
// The session file's document is in internal/savefile, and the code in internal/snippet. The connection form, to which profiles and the
// tab's secret belong, is in package connection and reached by Links.
package keep
