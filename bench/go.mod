module github.com/hubpanel/hubpanel/bench

go 1.26

require (
	github.com/256dpi/gomqtt v0.14.4
	github.com/eclipse/paho.mqtt.golang v1.5.1
	github.com/goiiot/libmqtt v0.9.6
	github.com/hubpanel/hubpanel v0.0.0
	github.com/mochi-mqtt/server/v2 v2.7.9
	github.com/soypat/natiu-mqtt v0.7.0
)

require (
	github.com/256dpi/mercury v0.2.0 // indirect
	github.com/klauspost/compress v1.15.15 // indirect
	nhooyr.io/websocket v1.8.6 // indirect
)

replace github.com/hubpanel/hubpanel => ../
