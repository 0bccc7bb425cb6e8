//go:build !js

package main

import (
	"context"
	"errors"
	"os"
	"runtime/pprof"
	"time"
)

// profileTime is for how long the client is watched at each task: some 300 samples, enough to tell the hot calls from the others.
const profileTime = 3 * time.Second

// profileHubclient watches this project's client at every task. Go's compiler inlines the calls that a profile shows to be hot.
func profileHubclient(ctx context.Context, url, path string, chosen []task) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for _, t := range chosen {
		for start := time.Now(); time.Since(start) < profileTime; {
			if _, err := runHubclient(ctx, url+string(t), t); err != nil {
				return err
			}
		}
	}
	return nil
}
