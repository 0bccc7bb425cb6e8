// Package methods is the room of the direct methods that the device is called with: the rules by which it answers, the calls that wait
// for the person, and the history of calls.
//
// Calling a method is the cloud's side, in package cloud.
package methods
