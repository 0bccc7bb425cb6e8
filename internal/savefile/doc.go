// Package savefile is the session file: its document, and the reader that checks one.
//
// It knows no form and no room: each room fills in its part, and restores it. The file's card is in internal/panel/keep.
package savefile
