// Package cloud is the room of the cloud side: the hub as a service sees it. It finds the page's emulator, shows the telemetry that the hub
// stored and its operations log, sends messages and calls methods, changes twins and the registry, and simulates faults.
//
// There is a cloud side only if the hub is the emulator. The requests themselves are in internal/hubservice.
package cloud
