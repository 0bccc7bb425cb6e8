module github.com/hubpanel/hubpanel/bench/hub

go 1.26

require github.com/hubpanel/hubpanel v0.0.0

require github.com/coder/websocket v1.8.15 // indirect

replace github.com/hubpanel/hubpanel => ../..
