package wsconn

import (
	"encoding/binary"
	"slices"
)

// The module of a stage, by hand, since a package cannot carry a file that somebody would have to serve. It has no memory,
// only four numbers, so a connection costs next to nothing. Its externrefs are values of JavaScript; everything that
// is done with them is a function of JavaScript's own (see newStage).
//
// The comments are the module in WebAssembly's text format, an instruction beside its bytes. See the WebAssembly Core
// Specification 2.0, section 5 (binary format), and 5.4 for the instructions.

// What the module's parts are numbered by.
const (
	typeListener    = iota // (func (param externref))
	typeReference          // (func (param externref) (result externref))
	typeNumber             // (func (param externref) (result i32))
	typeSet                // (func (param externref i32))
	typeNote               // (func (param i32))
	typeFirst              // (func (result externref))
	typeCommand            // (func)
	typeTake               // (func (result i32))
	externref       = 0x6f // reference types, section 5.3.3
	i32             = 0x7f
	function        = 0x60
	mutable         = 1
	kindFunction    = 0
	kindGlobal      = 3
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionGlobal   = 6
	sectionExport   = 7
	sectionCode     = 10
)

// Functions.
const (
	funcData       = iota // imported
	funcIsBuffer          // imported
	funcByteLength        // imported
	funcListOf            // imported
	funcView              // imported
	funcSet               // imported
	funcNote              // imported
	funcPush              // imported
	funcFirst             // imported
	funcShift             // imported
	funcPost              // imported
	funcPut
	funcMessage
	funcSkip
	funcTake
)

// Globals.
const (
	globalSize    = iota // imported: of space
	globalFill           // bytes in space
	globalWaiting        // messages in the queue
	globalArmed          // 1: the next message calls post
	globalNoting         // 1: sizes are noted
)

// Instructions.
const (
	opLoop       = 0x03
	opIf         = 0x04
	opElse       = 0x05
	opEnd        = 0x0b
	opBr         = 0x0c
	opReturn     = 0x0f
	opCall       = 0x10
	opLocalGet   = 0x20
	opLocalSet   = 0x21
	opLocalTee   = 0x22
	opGlobalGet  = 0x23
	opGlobalSet  = 0x24
	opI32Const   = 0x41 // what follows is signed: 0x7f is -1
	opI32Eqz     = 0x45
	opI32GtU     = 0x4b
	opI32Add     = 0x6a
	opI32Sub     = 0x6b
	noResult     = 0x40 // of an if or a loop
	minusOne     = 0x7f
	oneOfItsType = 1 // a function has so many locals of the type that follows
)

// put puts data in space, if it is an ArrayBuffer and fits, and says whether it has.
//
//	(func $put (param $data externref) (result i32) (local $n i32)
var codePut = []byte{1, oneOfItsType, i32,
	opLocalGet, 0, opCall, funcIsBuffer, opI32Eqz, // (i32.eqz (call $isBuffer (local.get $data)))
	opIf, noResult, opI32Const, 0, opReturn, opEnd, // if (return (i32.const 0)) end
	opLocalGet, 0, opCall, funcByteLength, opLocalTee, 1, // (local.tee $n (call $byteLength (local.get $data)))
	opGlobalGet, globalFill, opI32Add, opGlobalGet, globalSize, opI32GtU, // (i32.gt_u (i32.add … (global.get $fill)) (global.get $size))
	opIf, noResult, opI32Const, 0, opReturn, opEnd, // if (return (i32.const 0)) end
	opLocalGet, 0, opCall, funcListOf, opCall, funcView, // (call $view (call $listOf (local.get $data)))
	opGlobalGet, globalFill, opCall, funcSet, // (call $set … (global.get $fill))
	opGlobalGet, globalFill, opLocalGet, 1, opI32Add, opGlobalSet, globalFill, // (global.set $fill (i32.add (global.get $fill) (local.get $n)))
	opGlobalGet, globalNoting, // global.get $noting
	opIf, noResult, opLocalGet, 1, opCall, funcNote, opEnd, // if (call $note (local.get $n)) end
	opI32Const, 1, // i32.const 1
	opEnd,
}

// message takes what has arrived.
//
//	(func $message (export "message") (param $event externref) (local $data externref)
var codeMessage = []byte{1, oneOfItsType, externref,
	opLocalGet, 0, opCall, funcData, opLocalSet, 1, // (local.set $data (call $data (local.get $event)))
	opGlobalGet, globalWaiting, // global.get $waiting
	opIf, i32, opI32Const, 0, // if (result i32) (i32.const 0)
	opElse, opLocalGet, 1, opCall, funcPut, opEnd, // else (call $put (local.get $data)) end
	opI32Eqz,                                        // i32.eqz
	opIf, noResult, opLocalGet, 1, opCall, funcPush, // if (call $push (local.get $data))
	opGlobalGet, globalWaiting, opI32Const, 1, opI32Add, opGlobalSet, globalWaiting, // (global.set $waiting (i32.add (global.get $waiting) (i32.const 1)))
	opEnd,                    // end
	opGlobalGet, globalArmed, // global.get $armed
	opIf, noResult, opI32Const, 0, opGlobalSet, globalArmed, opCall, funcPost, opEnd, // if (global.set $armed (i32.const 0)) (call $post) end
	opEnd,
}

// skip removes the first message of the queue.
//
//	(func $skip (export "skip")
var codeSkip = []byte{0,
	opCall, funcShift, // call $shift
	opGlobalGet, globalWaiting, opI32Const, 1, opI32Sub, opGlobalSet, globalWaiting, // (global.set $waiting (i32.sub (global.get $waiting) (i32.const 1)))
	opEnd,
}

// take empties space, in which it first puts what fits of the queue.
//
//	(func $take (export "take") (result i32) (local $n i32)
var codeTake = []byte{1, oneOfItsType, i32,
	opLoop, noResult, // loop $again
	opGlobalGet, globalWaiting, opIf, noResult, // global.get $waiting if
	opCall, funcFirst, opCall, funcPut, opIf, noResult, // (call $put (call $first)) if
	opCall, funcSkip, opBr, 2, // (call $skip) (br $again)
	opEnd, opEnd, opEnd, // end end end
	opGlobalGet, globalFill, opLocalTee, 0, // (local.tee $n (global.get $fill))
	opIf, noResult, opI32Const, 0, opGlobalSet, globalFill, // if (global.set $fill (i32.const 0))
	opLocalGet, 0, opReturn, opEnd, // (return (local.get $n)) end
	opGlobalGet, globalWaiting, // global.get $waiting
	opIf, noResult, opI32Const, minusOne, opReturn, opEnd, // if (return (i32.const -1)) end
	opI32Const, 1, opGlobalSet, globalArmed, // (global.set $armed (i32.const 1))
	opI32Const, takeNothing, // i32.const 0
	opEnd,
}

// stageModule returns the module.
func stageModule() []byte {
	imported := func(name string, as ...byte) []byte { return slices.Concat([]byte{0}, counted([]byte(name)), as) } // from module ""
	exported := func(name string, as ...byte) []byte { return append(counted([]byte(name)), as...) }
	variable := func(value byte) []byte { return []byte{i32, mutable, opI32Const, value, opEnd} }
	return slices.Concat([]byte("\x00asm\x01\x00\x00\x00"),
		section(sectionType,
			[]byte{function, 1, externref, 0},
			[]byte{function, 1, externref, 1, externref},
			[]byte{function, 1, externref, 1, i32},
			[]byte{function, 2, externref, i32, 0},
			[]byte{function, 1, i32, 0},
			[]byte{function, 0, 1, externref},
			[]byte{function, 0, 0},
			[]byte{function, 0, 1, i32},
		),
		section(sectionImport,
			imported("data", kindFunction, typeReference),
			imported("isBuffer", kindFunction, typeNumber),
			imported("byteLength", kindFunction, typeNumber),
			imported("listOf", kindFunction, typeReference),
			imported("view", kindFunction, typeReference),
			imported("set", kindFunction, typeSet),
			imported("note", kindFunction, typeNote),
			imported("push", kindFunction, typeListener),
			imported("first", kindFunction, typeFirst),
			imported("shift", kindFunction, typeCommand),
			imported("post", kindFunction, typeCommand),
			imported("size", kindGlobal, i32, 0),
		),
		section(sectionFunction, []byte{typeNumber}, []byte{typeListener}, []byte{typeCommand}, []byte{typeTake}),
		section(sectionGlobal, variable(0), variable(0), variable(0), variable(1)),
		section(sectionExport,
			exported("message", kindFunction, funcMessage),
			exported("skip", kindFunction, funcSkip),
			exported("take", kindFunction, funcTake),
			exported("noting", kindGlobal, globalNoting),
		),
		section(sectionCode, counted(codePut), counted(codeMessage), counted(codeSkip), counted(codeTake)),
	)
}

// section returns a section: its number, its size, and a list of items behind their number.
func section(number byte, items ...[]byte) []byte {
	list := slices.Concat(append([][]byte{{byte(len(items))}}, items...)...)
	return append([]byte{number}, counted(list)...)
}

// counted returns b behind its length.
func counted(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }
