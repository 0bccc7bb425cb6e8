// Package provisioning is the room of the Device Provisioning Service's device side: the registration form, the steps of the last
// registration, and the hub that it assigned.
//
// Enrollments are the service's and not here. The connection to the assigned hub is in package connection, which this room asks for it by
// Links.
package provisioning
