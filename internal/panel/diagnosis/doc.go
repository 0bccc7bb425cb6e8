// Package diagnosis is the room of the connection doctor: it runs an examination, keeps what the device's own connections teach, and
// shows the verdict.
//
// The examination itself is in internal/doctor. The device's connection belongs to package connection, which lets the doctor sign in
// only while nothing else is connected as the device.
package diagnosis
