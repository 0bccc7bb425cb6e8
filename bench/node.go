//go:build !js

package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// mqttpacket holds the program that measures npm's mqtt-packet, and the versions it is measured with.
//
//go:embed mqttpacket
var mqttpacket embed.FS

// runMQTTPacket installs mqtt-packet below dir and measures it at the same bytes, in Node.
func runMQTTPacket(ctx context.Context, dir, node string, passes int) (*report, error) {
	if err := os.CopyFS(dir, mqttpacket); err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "mqttpacket")
	npm := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return nil, fmt.Errorf("npm ci for mqtt-packet: %w", err)
	}
	type job struct {
		Name  string
		Wire  []byte // base64
		Sizes []int  // of its packets
	}
	var jobs []job
	for _, w := range measured() {
		jobs = append(jobs, job{w.name, w.wire, packetSizes(w.wire)})
	}
	b, err := json.Marshal(jobs)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "workloads.json"), b, 0o600); err != nil {
		return nil, err
	}
	return runWorker(ctx, "mqtt-packet in Node", node, filepath.Join(dir, "bench.mjs"), fmt.Sprint(passes), fmt.Sprint(passTime.Milliseconds()))
}
