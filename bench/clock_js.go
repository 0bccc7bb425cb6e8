package main

import "time"

const clockName = "wall time"

var start = time.Now()

// now returns the wall time since the start: a page has no other clock.
func now() time.Duration { return time.Since(start) }
