package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	passes := flag.Int("passes", 7, "")
	flag.StringVar(&only, "only", "", "")
	flag.Parse()
	if err := work(*passes); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
