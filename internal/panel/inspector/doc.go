// Package inspector is the room of the wire inspector: the list of packets between the device and the hub, its filter and its files, and
// one packet in fields and bytes.
//
// The log itself, the meanings of packets and the formats of the files are in internal/wire.
package inspector
