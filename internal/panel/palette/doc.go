// Package palette is the command palette, the list of keyboard shortcuts, and the keys of the whole page.
//
// The commands themselves are in the rooms that carry them out.
package palette
