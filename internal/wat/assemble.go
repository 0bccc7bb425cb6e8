package wat

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Bytes of the binary format (section 5).
const (
	functionType = 0x60
	noResult     = 0x40
	immutable    = 0
	mutable      = 1

	opLoop = 0x03
	opIf   = 0x04
	opElse = 0x05
	opEnd  = 0x0b
)

var valueTypes = map[string]byte{"i32": 0x7f, "externref": 0x6f}

// The numbers of the sections.
const (
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionGlobal   = 6
	sectionExport   = 7
	sectionCode     = 10
)

// The kinds of imports and exports.
const (
	kindFunction = 0
	kindGlobal   = 3
)

// plain are the instructions that are a byte behind their operands.
var plain = map[string]byte{
	"return": 0x0f, "drop": 0x1a, "i32.eqz": 0x45, "i32.gt_u": 0x4b, "i32.add": 0x6a, "i32.sub": 0x6b,
}

// indexed are the instructions with the index of something that has a name.
var indexed = map[string]byte{
	"br": 0x0c, "call": 0x10, "local.get": 0x20, "local.set": 0x21, "local.tee": 0x22, "global.get": 0x23, "global.set": 0x24,
}

// Assemble returns a module in the binary format. Its errors name the line.
func Assemble(text []byte) ([]byte, error) {
	n, err := parse(string(text))
	if err != nil {
		return nil, err
	}
	if n.head() != "module" {
		return nil, n.errorf("not a module: it begins with (module")
	}
	a := assembler{types: names{}, functions: names{}, globals: names{}}
	// Names may be used before they are declared, so the fields are declared first, imports before the module's own.
	for _, pass := range []func(*node) error{a.declareType, a.declareImport, a.declare, a.define} {
		for _, field := range n.list[1:] {
			if err := pass(field); err != nil {
				return nil, err
			}
		}
	}
	module := []byte("\x00asm\x01\x00\x00\x00")
	for _, section := range []struct {
		number byte
		items  [][]byte
	}{
		{sectionType, a.typeItems}, {sectionImport, a.importItems}, {sectionFunction, a.functionItems},
		{sectionGlobal, a.globalItems}, {sectionExport, a.exportItems}, {sectionCode, a.codeItems},
	} {
		if len(section.items) > 0 {
			list := append(unsigned(len(section.items)), slices.Concat(section.items...)...)
			module = append(append(module, section.number), counted(list)...)
		}
	}
	return module, nil
}

func unsigned(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// counted returns b behind its length.
func counted(b []byte) []byte { return append(unsigned(len(b)), b...) }

// signed returns n as a signed LEB128 (section 5.2.2).
func signed(n int64) (out []byte) {
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && b&0x40 == 0 || n == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

// names are the indices of what has a name.
type names map[string]int

// add gives the next index to what n is, whose name is its second element.
func (s names) add(n *node) error {
	if len(n.list) < 2 || !strings.HasPrefix(n.list[1].atom, "$") {
		return n.errorf("%s has no name", n.head())
	}
	name := n.list[1].atom
	if _, twice := s[name]; twice {
		return n.errorf("%s is declared twice", name)
	}
	s[name] = len(s)
	return nil
}

// An assembler collects the items of the sections.
type assembler struct {
	types, functions, globals names

	typeItems, importItems, functionItems, globalItems, exportItems, codeItems [][]byte
}

func (a *assembler) declareType(n *node) error {
	if n.head() != "type" {
		return nil
	}
	if err := a.types.add(n); err != nil {
		return err
	}
	if len(n.list) != 3 || n.list[2].head() != "func" {
		return n.errorf("a type is (type $name (func …))")
	}
	item, _, err := signature(n.list[2].list[1:])
	a.typeItems = append(a.typeItems, item)
	return err
}

// signature reads (param …) and (result …), and returns the function type and the rest.
func signature(list []*node) (item []byte, rest []*node, err error) {
	var types [2][]byte
	for i, head := range [2]string{"param", "result"} {
		for len(list) > 0 && list[0].head() == head {
			for _, t := range list[0].list[1:] {
				if strings.HasPrefix(t.atom, "$") {
					continue
				}
				value, ok := valueTypes[t.atom]
				if !ok {
					return nil, nil, t.errorf("%q is not a type", t.atom)
				}
				types[i] = append(types[i], value)
			}
			list = list[1:]
		}
	}
	return slices.Concat([]byte{functionType}, counted(types[0]), counted(types[1])), list, nil
}

func (a *assembler) declareImport(n *node) error {
	if n.head() != "import" {
		return nil
	}
	if len(n.list) != 4 {
		return n.errorf("an import is (import \"module\" \"name\" (…))")
	}
	item := slices.Concat(text(n.list[1]), text(n.list[2]))
	what := n.list[3]
	switch what.head() {
	case "func":
		if err := a.functions.add(what); err != nil {
			return err
		}
		if len(what.list) != 3 || what.list[2].head() != "type" || len(what.list[2].list) != 2 {
			return what.errorf("an imported function is (func $name (type $name))")
		}
		index, err := a.types.index(what.list[2].list[1])
		if err != nil {
			return err
		}
		item = slices.Concat(item, []byte{kindFunction}, index)
	case "global":
		if err := a.globals.add(what); err != nil {
			return err
		}
		t, mutability, err := globalType(what)
		if err != nil {
			return err
		}
		item = append(item, kindGlobal, t, mutability)
	default:
		return what.errorf("%q cannot be imported", what.head())
	}
	a.importItems = append(a.importItems, item)
	return nil
}

// text returns a string behind its length.
func text(n *node) []byte { return counted([]byte(strings.Trim(n.atom, `"`))) }

// index returns the index of a name.
func (s names) index(n *node) ([]byte, error) {
	i, ok := s[n.atom]
	if !ok {
		return nil, n.errorf("%q is not declared", n.atom)
	}
	return unsigned(i), nil
}

// globalType reads the third element of a global: a type, or (mut type).
func globalType(n *node) (t, mutability byte, err error) {
	if len(n.list) < 3 {
		return 0, 0, n.errorf("a global has a type")
	}
	name, mutability := n.list[2], byte(immutable)
	if name.head() == "mut" && len(name.list) == 2 {
		name, mutability = name.list[1], mutable
	}
	t, ok := valueTypes[name.atom]
	if !ok {
		return 0, 0, name.errorf("%q is not a type", name.atom)
	}
	return t, mutability, nil
}

func (a *assembler) declare(n *node) error {
	switch n.head() {
	case "func":
		return a.functions.add(n)
	case "global":
		return a.globals.add(n)
	case "type", "import", "export":
		return nil
	}
	return n.errorf("unknown field %q", n.head())
}

func (a *assembler) define(n *node) error {
	switch n.head() {
	case "global":
		return a.defineGlobal(n)
	case "export":
		return a.defineExport(n)
	case "func":
		return a.defineFunction(n)
	}
	return nil
}

func (a *assembler) defineGlobal(n *node) error {
	t, mutability, err := globalType(n)
	if err != nil {
		return err
	}
	f := function{assembler: a}
	if err := f.body(n.list[3:]); err != nil {
		return err
	}
	a.globalItems = append(a.globalItems, slices.Concat([]byte{t, mutability}, f.code, []byte{opEnd}))
	return nil
}

func (a *assembler) defineExport(n *node) error {
	if len(n.list) != 3 || len(n.list[2].list) != 2 {
		return n.errorf("an export is (export \"name\" (func $name)) or (export \"name\" (global $name))")
	}
	kind, space := byte(kindFunction), a.functions
	switch n.list[2].head() {
	case "func":
	case "global":
		kind, space = kindGlobal, a.globals
	default:
		return n.errorf("%q cannot be exported", n.list[2].head())
	}
	index, err := space.index(n.list[2].list[1])
	a.exportItems = append(a.exportItems, slices.Concat(text(n.list[1]), []byte{kind}, index))
	return err
}

func (a *assembler) defineFunction(n *node) error {
	item, rest, err := signature(n.list[2:])
	if err != nil {
		return err
	}
	index := slices.IndexFunc(a.typeItems, func(t []byte) bool { return slices.Equal(t, item) })
	if index < 0 {
		return n.errorf("the type of %s is not declared", n.list[1].atom)
	}
	f := function{assembler: a, locals: names{}}
	for _, p := range n.list[2:] {
		if p.head() == "param" {
			if err := f.locals.add(p); err != nil {
				return err
			}
		}
	}
	var locals [][]byte
	for len(rest) > 0 && rest[0].head() == "local" {
		local := rest[0]
		if err := f.locals.add(local); err != nil {
			return err
		}
		if len(local.list) != 3 || valueTypes[local.list[2].atom] == 0 {
			return local.errorf("a local is (local $name type)")
		}
		locals = append(locals, []byte{1, valueTypes[local.list[2].atom]}) // one of its type
		rest = rest[1:]
	}
	if err := f.body(rest); err != nil {
		return err
	}
	a.functionItems = append(a.functionItems, unsigned(index))
	a.codeItems = append(a.codeItems, counted(slices.Concat(unsigned(len(locals)), slices.Concat(locals...), f.code, []byte{opEnd})))
	return nil
}
