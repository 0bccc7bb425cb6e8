// Package telemetry is the room of the device's telemetry: the composer and its Send button, streams that send by themselves, the rate
// meter, and the chart of the numbers that were sent.
//
// The values of a stream's template come from internal/simulation, and the connection from pkg/hubclient. The messages that the hub stored
// are in internal/panel/cloud.
package telemetry
