package wat

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The bytes are written by hand after section 5 (binary format) of the specification.
func TestAssemble(t *testing.T) {
	const header = "0061736d01000000"
	for text, want := range map[string]string{
		"(module)":                            header,
		";; a comment\n(module ;; another\n)": header,
		"(module (type $t (func (param i32 externref) (result i32))))":    header + "01 07 01 60 02 7f6f 01 7f",
		`(module (type $t (func)) (import "m" "ab" (func $f (type $t))))`: header + "01 04 01 60 00 00" + "02 08 01 01 6d 02 6162 00 00",
		`(module (import "" "g" (global $g i32)))`:                        header + "02 07 01 00 01 67 03 7f 00",
		`(module (import "" "g" (global $g (mut externref))))`:            header + "02 07 01 00 01 67 03 6f 01",
		"(module (global $g (mut i32) (i32.const -1)))":                   header + "06 06 01 7f 01 41 7f 0b",
		"(module (global $g i32 (i32.const 64)))":                         header + "06 07 01 7f 00 41 c000 0b",
		"(module (global $g i32 (i32.const -129)))":                       header + "06 07 01 7f 00 41 ff7e 0b",
		`(module (type $t (func)) (export "f" (func $f)) (func $f))`:      header + "01 04 01 60 00 00" + "03 02 01 00" + "07 05 01 01 66 00 00" + "0a 04 01 02 00 0b",
		`(module (global $g i32 (i32.const 0)) (export "g" (global $g)))`: header + "06 06 01 7f 00 41 00 0b" + "07 05 01 01 67 03 00",
		"(module (type $t (func (param i32) (result i32))) (func $f (param $a i32) (result i32) (local $b i32) (i32.add (local.tee $b (local.get $a)) (i32.const 1))))": header + "01 06 01 60 01 7f 01 7f" + "03 02 01 00" + "0a 0d 01 0b 01 01 7f 20 00 22 01 41 01 6a 0b",
		"(module (type $t (func)) (func $f (loop $l (if (i32.const 1) (then (br $l))))))":                                                                               header + "01 04 01 60 00 00" + "03 02 01 00" + "0a 0e 01 0c 00 03 40 41 01 04 40 0c 01 0b 0b 0b",
		"(module (type $t (func)) (func $f (drop (if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const 3))))))":                                          header + "01 04 01 60 00 00" + "03 02 01 00" + "0a 0f 01 0d 00 41 01 04 7f 41 02 05 41 03 0b 1a 0b",
	} {
		module, err := Assemble([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, strings.ReplaceAll(want, " ", ""), hex.EncodeToString(module), text)
	}
}

func TestAssembleNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "line 1: the text ends too early",
		"(module\n":                             "line 2: the text ends too early",
		")":                                     "line 1: a parenthesis closes nothing",
		"(module)\n(module)":                    "line 2: text behind the module",
		"(modul)":                               "line 1: not a module",
		"(module\n(table))":                     `line 2: unknown field "table"`,
		"(module (type $t (func (param i64))))": `line 1: "i64" is not a type`,
		"(module (type $t (func))\n(type $t (func)))": "line 2: $t is declared twice",
		"(module (func))":    "line 1: func has no name",
		"(module (func $f))": "line 1: the type of $f is not declared",
		"(module (type $t (func)) (func $f\n(i32.mul)))":                      `line 2: unknown instruction "i32.mul"`,
		"(module (type $t (func)) (func $f\n(local.get $x)))":                 `line 2: "$x" is not declared`,
		"(module (type $t (func)) (func $f (br $l)))":                         `line 1: "$l" is no block around`,
		"(module (type $t (func)) (func $f nop))":                             "line 1: an instruction is in parentheses",
		"(module (type $t (func)) (func $f (i32.const x)))":                   `line 1: "x" is not a number of 32 bits`,
		"(module (type $t (func)) (func $f (i32.const 4294967296)))":          "is not a number of 32 bits",
		"(module (type $t (func)) (func $f (if (i32.const 1))))":              "line 1: an if is",
		`(module (export "e" (func $f)))`:                                     `line 1: "$f" is not declared`,
		"(module (import \"a\nb\" \"c\" (func $f)))":                          "line 1: a string does not end on its line",
		`(module (import "" "x" (memory $m)))`:                                `line 1: "memory" cannot be imported`,
		"(module (type $t (func)) (func $f (i32.add (i32.sub (i32.div_s)))))": `line 1: unknown instruction "i32.div_s"`,
	} {
		_, err := Assemble([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

// No text makes it panic.
func FuzzAssemble(f *testing.F) {
	f.Add(`(module (type $t (func)) (import "" "a" (func $a (type $t))) (global $g (mut i32) (i32.const 0)) (func $f (loop $l (if (i32.const 1) (then (br $l))))))`)
	f.Add("(module (export (func)) (global) (local $x) (param) (import) (type) (if (then) (else)))")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = Assemble([]byte(text)) })
}
