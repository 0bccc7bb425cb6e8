// Package iothub declares the properties of IoT Hub's messages, which the public API of package hubclient
// and the grammar behind it have in common.
//
// It holds types and no grammar: how a property bag is written in a topic is a matter of the packages that send and receive it.
//
// # Concurrency
//
// Everything is a value. It may be read from several goroutines at once, as long as none writes.
package iothub
