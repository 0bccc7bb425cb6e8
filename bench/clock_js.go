package main

import (
	"syscall/js"
	"time"
)

// cpuUsage is Node's function, or undefined: a page has only the wall clock.
var cpuUsage = js.Global().Get("process").Get("cpuUsage")

var clockName = map[bool]string{true: "CPU time", false: "wall time"}[cpuUsage.Truthy()]

var started = time.Now()

// now returns the CPU time that this process has taken, or in a page the wall time since it started.
func now() time.Duration {
	if !cpuUsage.Truthy() {
		return time.Since(started)
	}
	usage := js.Global().Get("process").Call("cpuUsage")
	return time.Duration(usage.Get("user").Float()+usage.Get("system").Float()) * time.Microsecond
}
