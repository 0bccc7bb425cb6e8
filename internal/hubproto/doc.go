// Package hubproto is the one place for the grammar of Azure IoT Hub and of the Device Provisioning Service (DPS): connection
// strings, SAS tokens, CONNECT user names, topics, property bags, twin documents and their limits. The device
// (hubclient) and the services (emulator) both read and write through it, so they cannot drift apart.
//
// It holds text and values only: no connection, no goroutine, no clock, and no MQTT packet (package mqttcodec).
//
// # Usage
//
// What is built has an Append function or a String method; what is read has a Parse function, whose error is a sentence
// with what to do. Ids are literal topic segments: they may hold '$', '?' or '%' and are never escaped, so they are
// compared and never treated as filters.
//
// # Concurrency
//
// Everything is a value or a pure function and may be used from several goroutines at once, as long as none writes.
//
// # Limitations
//
// The facts come from the public documents and from captures of the SDKs; where those differ, the parsers accept both forms
// and the builders write the one that the current documents show. No error text holds a key or a signature.
package hubproto
