package main

import (
	"encoding/json"
	"os"
	"runtime"
)

// A report is what a worker prints, as JSON.
type report struct {
	Platform string // such as "linux/amd64"
	Go       string
	Clock    string
	Passes   int
	Results  []result
}

func work(passes int) error {
	results, err := measure(passes)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report{Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Clock: clockName, Passes: passes, Results: results})
}
