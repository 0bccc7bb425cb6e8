//go:build !js

package main

import (
	"syscall"
	"time"
)

const clockName = "CPU time"

// now returns the CPU time that this process has taken.
func now() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
