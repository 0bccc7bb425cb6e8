// Package faultproxy is between a device and a hub and does one fault for real: the troubles of networks that the doctor
// (internal/doctor) has to tell apart.
//
// A [Proxy] listens on a loopback port that the kernel chooses. Chrome's --host-resolver-rules lead a name of Azure's there, port
// and all, so that the page dials wss://NAME.azure-devices.net as it would in life. An [Authority] makes the certificates:
// Chrome trusts those of the one whose SPKI hash it was started with, and no others.
//
// What a hub itself refuses is the emulator's (emulator.Faults), not this package's.
package faultproxy
