// Package wat assembles WebAssembly modules from their text format, as far as pkg/wsconn's stage needs it. Command assemble below it
// is for go generate.
//
// It knows functions, imports, exports and globals, and instructions in folded form, on i32 and externref. It has no memories and no
// tables, and does not check types: the browser does, when it compiles the module.
//
// The grammar is that of the WebAssembly Core Specification 2.0, section 6 (text format), the bytes those of section 5 (binary format).
package wat
