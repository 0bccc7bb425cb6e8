// Package mqttcodec turns MQTT 3.1.1 control packets into bytes and bytes into packets. Nothing else lives here: no
// connections, no sessions, no goroutines, no clock.
package mqttcodec
