// Package connection is the room of the device's live connection: the form that says which device to connect, the one owner of the
// connection, the facts of the connection while there is one, and its state in the bar at the top.
//
// What goes over the connection is not here: messages, the twin and direct methods have rooms of their own, which get the client's events
// by Links. Registration with the Device Provisioning Service is in package provisioning, kept profiles are in package keep.
package connection
