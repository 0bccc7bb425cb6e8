//go:build !js

package main

import (
	"errors"
	"os"
	"runtime/pprof"
	"time"
)

// profileTime is how much CPU time the codec is watched for: some 500 samples, which is enough to tell the hot calls from the others.
const profileTime = 5 * time.Second

// profileReader watches a Reader at the mixed stream. Go's compiler inlines the calls that a profile shows to be hot.
func profileReader(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	all := workloads()
	next := oursReader.decoder(all[len(all)-1].wire)
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for start := now(); now()-start < profileTime; {
		if _, err := next(mixedPackets); err != nil {
			return err
		}
	}
	return nil
}
