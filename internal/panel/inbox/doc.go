// Package inbox is the room of the messages that the device received: cloud-to-device messages, and messages to a module's inputs. It
// lists, searches and copies them, and follows each to its PUBACK.
//
// Sending such messages is the cloud's side, in package cloud.
package inbox
