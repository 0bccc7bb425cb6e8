// Package page is the kit of the page's rooms: the lock and the updates under it, the event queue, goroutines that are waited for, when
// to draw, translation, notices, the device's journal, commands, and the form fields that all rooms share.
//
// It knows no room, no hub and no browser. A room (the packages beside this one) embeds *Page and has its own state; package panel
// above wires the rooms.
//
// # The lock
//
// One lock guards the state of the page and of all rooms. There are four ways to hold it, and no other:
//
//   - Update and UpdateSoon run a change under the write lock, and have the page drawn.
//   - Prepare (of a room) runs under the write lock before each drawing.
//   - Views, Commands and Secrets run under the read lock. They change nothing: a test draws all views at the same time under the race
//     detector.
//   - Lock and Unlock, for a moment in which a method reads what it needs.
//
// A method whose name ends in Locked, and every unexported method of a state type, expects its caller to hold the lock. Go, Enqueue,
// Recovered and RedrawAt can be called with or without it.
package page
