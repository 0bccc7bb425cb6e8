package main

import (
	"context"
	"runtime"
	"syscall/js"
)

// main gives the page a function hubclient(url, task) that returns a promise of milliseconds.
func main() {
	js.Global().Set("hubclient", js.FuncOf(func(_ js.Value, args []js.Value) any {
		url, t := args[0].String(), task(args[1].String())
		return js.Global().Get("Promise").New(js.FuncOf(func(_ js.Value, settle []js.Value) any {
			go func() {
				runtime.GC() // as the page has JavaScript's garbage collected: what an earlier round left behind is not this one's to clear
				took, err := runHubclient(context.Background(), url, t)
				if err != nil {
					settle[1].Invoke(js.Global().Get("Error").New(err.Error()))
					return
				}
				settle[0].Invoke(float64(took.Microseconds()) / 1000)
			}()
			return nil
		}))
	}))
	js.Global().Call("hubclientReady")
	select {}
}
