package wsconn

import (
	"encoding/binary"
	"slices"
	"sync"
	"syscall/js"
)

// A gatherer holds messages that have arrived, and copies many of them to Go at the price of one.
//
// Each value of JavaScript that Go holds costs an entry in a table and a finalizer, which is more than a
// small message costs otherwise. So Go asks for the sizes of all messages at once, and says where in one array each
// of them goes. What puts them there is made of JavaScript's own functions, for the
// sake of the page's CSP: Uint8Array.prototype.set, applied to a list whose elements are getters,
// of the next message and of its place.
type gatherer struct {
	messages js.Value // array of ArrayBuffers (and strings); shift takes the first one out
	count    int      // its length
	sizes    []uint32 // of all messages; empty when it is not worth while, or one of them is a string

	// Static after construction.
	space  js.Value // Uint8Array that put copies to
	places js.Value // array of places in space, one for each call of put
	put    js.Value // function that moves the first message to the first place
	run    js.Value // Uint32Array of maxRun, to hand places over
	runRaw js.Value // its bytes

	raw []byte // reused
}

const (
	maxGathered = 64 << 10 // bytes
	maxRun      = 1 << 10  // messages
	minRun      = 3        // for fewer messages the ordinary way is cheaper
)

var (
	object       = js.Global().Get("Object")
	uint32Array  = js.Global().Get("Uint32Array")
	reflectApply = js.Global().Get("Reflect").Get("apply")

	// isBuffer is a function that reports whether it is given an ArrayBuffer.
	isBuffer = sync.OnceValue(func() js.Value {
		proto := js.Global().Get("ArrayBuffer").Get("prototype")
		return proto.Get("isPrototypeOf").Call("bind", proto)
	})
	// byteLength is a function that returns the size of the ArrayBuffer it is given.
	byteLength = sync.OnceValue(func() js.Value {
		proto := js.Global().Get("ArrayBuffer").Get("prototype")
		get := object.Call("getOwnPropertyDescriptor", proto, "byteLength").Get("get")
		return get.Get("call").Call("bind", get)
	})
)

func newGatherer() *gatherer {
	array := js.Global().Get("Array")
	g := &gatherer{messages: array.New(), places: array.New(), space: uint8Array.New(maxGathered), run: uint32Array.New(maxRun)}
	g.runRaw = uint8Array.New(g.run.Get("buffer"))
	shift := func(a js.Value) js.Value { return a.Get("shift").Call("bind", a) }
	// new Uint8Array(messages.shift())
	view := js.Global().Get("Reflect").Get("construct").Call("bind", nil, uint8Array, listOf(shift(g.messages)))
	// space.set(view(), places.shift()); apply drops the arguments that forEach adds
	g.put = reflectApply.Call("bind", nil, g.space.Get("set"), g.space, listOf(view, shift(g.places)))
	return g
}

// listOf returns a list of arguments whose elements are what the getters return when they are asked for.
func listOf(getters ...js.Value) js.Value {
	list := object.New()
	list.Set("length", len(getters))
	for i, get := range getters {
		object.Call("defineProperty", list, i, map[string]any{"get": get})
	}
	return list
}

// add puts an array of messages behind those that are held.
func (g *gatherer) add(messages js.Value) {
	g.count = appendAll(g.messages, messages)
	g.sizes = g.sizes[:0]
	if g.count < minRun || !g.messages.Call("every", isBuffer()).Bool() {
		return
	}
	sizes := uint32Array.Call("from", g.messages, byteLength())
	g.raw = slices.Grow(g.raw[:0], 4*g.count)[:4*g.count]
	js.CopyBytesToGo(g.raw, uint8Array.New(sizes.Get("buffer")))
	for size := range slices.Chunk(g.raw, 4) {
		g.sizes = append(g.sizes, binary.LittleEndian.Uint32(size)) // as WebAssembly, and so every browser, has it
	}
}

// appendAll appends the elements of a list to an array, and returns the array's length.
func appendAll(array, list js.Value) int {
	return reflectApply.Invoke(array.Get("push"), array, list).Int()
}

// take moves as many messages as fit to p, if they are many, and returns how many bytes they have. ok is
// false when nothing was taken.
func (g *gatherer) take(p []byte) (n int, ok bool) {
	space, run := min(len(p), maxGathered), 0
	g.raw = g.raw[:0]
	for run < min(len(g.sizes), maxRun) && int(g.sizes[run]) <= space-n {
		g.raw = binary.LittleEndian.AppendUint32(g.raw, uint32(n))
		n += int(g.sizes[run])
		run++
	}
	if run < minRun {
		return 0, false
	}
	js.CopyBytesToJS(g.runRaw, g.raw)
	places := g.run.Call("subarray", 0, run)
	appendAll(g.places, places)
	places.Call("forEach", g.put)
	js.CopyBytesToGo(p[:n], g.space)
	g.sizes = g.sizes[run:]
	g.count -= run
	return n, true
}

// first returns the first message.
func (g *gatherer) first() js.Value { return g.messages.Index(0) }

// skip removes the first message.
func (g *gatherer) skip() {
	g.messages.Call("shift")
	g.count--
	if len(g.sizes) > 0 {
		g.sizes = g.sizes[1:]
	}
}
