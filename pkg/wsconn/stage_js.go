package wsconn

import (
	_ "embed"
	"encoding/binary"
	"slices"
	"sync"
	"syscall/js"
)

// A stage is where messages wait for Go: one after the other in one array, so that Go gets all of them at the price of one.
//
// A WebAssembly module of its own (stage.wat), 400 bytes without any Go, puts them there the moment they arrive: its function is the
// listener. So a message costs no wake-up of Go and no value of JavaScript that Go
// holds, each an entry in a table and a finalizer, and the event with its ArrayBuffer is garbage at once, which is the
// cheap kind. What does not fit waits in a queue, and everything behind it too.
type stage struct {
	space    js.Value // Uint8Array
	sizes    js.Value // array of the sizes of messages that were put in space, while noting is 1
	queue    js.Value // array of ArrayBuffers (and strings) behind those in space
	listener js.Value // (event): puts its data in space or in queue, and calls post when it is armed
	drain    js.Value // (): moves what fits from queue to space, and returns how much is in space, which counts as empty then
	skip     js.Value // (): removes the first of queue
	noting   js.Value // WebAssembly.Global
}

// stageModule is stage.wat in WebAssembly's binary format. It is embedded because no server has the files of a Go package.
//
//go:embed stage.wasm
var stageModule []byte

// stageSize is more than Chromium lets arrive in one task.
const stageSize = 128 << 10

// Results of drain that are not a size. After drainNothing the next message calls post.
const (
	drainNothing = 0
	drainFirst   = -1 // the first of queue is too large for space, or a string
)

var (
	object       = js.Global().Get("Object")
	reflect      = js.Global().Get("Reflect")
	uint32Array  = js.Global().Get("Uint32Array")
	webAssembly  = js.Global().Get("WebAssembly")
	bufferProto  = js.Global().Get("ArrayBuffer").Get("prototype")
	messageProto = js.Global().Get("MessageEvent").Get("prototype")
)

// stageShared is what all stages share: the module, and what it imports that belongs to no connection.
var stageShared = sync.OnceValues(func() (module js.Value, imports map[string]any) {
	bytes := uint8Array.New(len(stageModule))
	js.CopyBytesToJS(bytes, stageModule)
	return webAssembly.Get("Module").New(bytes), map[string]any{
		"data":       getter(messageProto, "data"),
		"isBuffer":   method(bufferProto, "isPrototypeOf"),
		"byteLength": getter(bufferProto, "byteLength"),
		"view":       reflect.Get("construct").Call("bind", nil, uint8Array), // of a list of arguments
		"size":       stageSize,
	}
})

// newStage returns a stage that calls post, which must be a function of JavaScript.
func newStage(post js.Value) *stage {
	array := js.Global().Get("Array")
	s := &stage{space: uint8Array.New(stageSize), sizes: array.New(), queue: array.New()}
	module, shared := stageShared()
	imports := js.ValueOf(shared)
	imports.Set("listOf", method(array.New(1), "fill")) // one list for all, since [data] would cost as much as all the rest
	imports.Set("set", method(s.space, "set"))
	imports.Set("note", method(s.sizes, "push"))
	imports.Set("push", method(s.queue, "push"))
	imports.Set("first", reflect.Get("get").Call("bind", nil, s.queue, 0))
	imports.Set("shift", method(s.queue, "shift"))
	imports.Set("post", post)
	exports := webAssembly.Get("Instance").New(module, map[string]any{"": imports}).Get("exports")
	s.listener, s.drain, s.skip, s.noting = exports.Get("message"), exports.Get("drain"), exports.Get("skip"), exports.Get("noting")
	return s
}

// method returns a method of o as a function.
func method(o js.Value, name string) js.Value { return o.Get(name).Call("bind", o) }

// getter returns a function that returns a property of the object it is given.
func getter(proto js.Value, property string) js.Value {
	return method(object.Call("getOwnPropertyDescriptor", proto, property).Get("get"), "call")
}

// noted appends the sizes of the messages that were put in space since the last call.
func (s *stage) noted(sizes []int) []int {
	list := s.sizes.Call("splice", 0)
	n := list.Length()
	if n == 0 {
		return sizes
	}
	raw := make([]byte, 4*n)
	js.CopyBytesToGo(raw, uint8Array.New(uint32Array.New(list).Get("buffer")))
	for size := range slices.Chunk(raw, 4) {
		sizes = append(sizes, int(binary.LittleEndian.Uint32(size))) // as WebAssembly, and so every browser, has it
	}
	return sizes
}
