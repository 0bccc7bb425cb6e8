// Package hubservice is a client of the emulator's service side: its REST API, its event streams, and the facts of where the emulator is.
//
// It knows no page and no room. The cloud room shows what it finds; the connection, diagnosis and scenario rooms use it too.
package hubservice
