// Package twin is the room of the device twin as the device knows it: desired properties beside reported ones, patches of the reported
// properties with a preview, and the acknowledgments of IoT Plug and Play.
//
// The twin as the service knows it is in package cloud; the rules of twins are in internal/hubproto.
package twin
