//go:build js

// Command program does what its first argument says.
package main

import (
	"os"
	"strconv"
	"syscall/js"
)

func main() {
	os.Stdout.WriteString("started\n")
	switch os.Args[1] {
	case "exit":
		code, _ := strconv.Atoi(os.Args[2])
		os.Exit(code)
	case "eval": // a violation of the policy
		defer func() {
			recover()
			os.Exit(0)
		}()
		js.Global().Call("eval", "1")
	case "throw": // an exception that nothing catches
		js.Global().Call("queueMicrotask", js.Global().Get("BigInt"))
		done := make(chan struct{})
		js.Global().Call("setTimeout", js.FuncOf(func(js.Value, []js.Value) any { close(done); return nil }), 50)
		<-done
	case "wait": // for ever, while the page lives
		select {}
	case "spin": // for ever, and the page with it
		for {
		}
	}
}
