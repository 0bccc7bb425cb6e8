// Package simulation makes the bodies and properties of simulated telemetry: templates whose variables take a new value in each message,
// and the import of configurations of Iot-Telemetry-Simulator (https://github.com/Azure-Samples/Iot-Telemetry-Simulator), whose variables
// the templates have.
//
// It computes values and sends nothing. Streams, their pace and their forms are in internal/panel/telemetry.
package simulation
