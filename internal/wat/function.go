package wat

import (
	"slices"
	"strconv"
)

// A function is the code of a function, or of a global's first value.
type function struct {
	*assembler
	locals names
	labels []string // of the blocks around, from outside in; "" for one without
	code   []byte
}

func (f *function) emit(b ...byte) { f.code = append(f.code, b...) }

// body assembles a sequence of instructions.
func (f *function) body(list []*node) error {
	for _, n := range list {
		if err := f.instruction(n); err != nil {
			return err
		}
	}
	return nil
}

// instruction assembles an instruction in folded form: its operands come before it.
func (f *function) instruction(n *node) error {
	name := n.head()
	switch name {
	case "":
		return n.errorf("an instruction is in parentheses")
	case "if":
		return f.branches(n)
	case "loop":
		return f.loop(n)
	case "i32.const":
		if len(n.list) != 2 {
			return n.errorf("i32.const has one number")
		}
		value, err := strconv.ParseInt(n.list[1].atom, 10, 32)
		if err != nil {
			return n.errorf("%q is not a number of 32 bits", n.list[1].atom)
		}
		f.emit(0x41)
		f.emit(signed(value)...)
		return nil
	}
	if op, ok := plain[name]; ok {
		err := f.body(n.list[1:])
		f.emit(op)
		return err
	}
	op, ok := indexed[name]
	if !ok {
		return n.errorf("unknown instruction %q", name)
	}
	if len(n.list) < 2 {
		return n.errorf("%s has a name", name)
	}
	index, err := f.target(name, n.list[1])
	if err != nil {
		return err
	}
	err = f.body(n.list[2:])
	f.emit(op)
	f.emit(index...)
	return err
}

// target returns the index of what an instruction names.
func (f *function) target(instruction string, name *node) ([]byte, error) {
	switch instruction {
	case "call":
		return f.functions.index(name)
	case "global.get", "global.set":
		return f.globals.index(name)
	case "br":
		for depth := range f.labels {
			if f.labels[len(f.labels)-1-depth] == name.atom {
				return unsigned(depth), nil
			}
		}
		return nil, name.errorf("%q is no block around", name.atom)
	}
	return f.locals.index(name)
}

// blockType reads an optional (result type).
func blockType(list []*node) (t byte, rest []*node, err error) {
	if len(list) == 0 || list[0].head() != "result" {
		return noResult, list, nil
	}
	if len(list[0].list) == 2 {
		t = valueTypes[list[0].list[1].atom]
	}
	if t == 0 {
		return 0, nil, list[0].errorf("a result has one type")
	}
	return t, list[1:], nil
}

// branches assembles (if (result type)? condition (then …) (else …)?).
func (f *function) branches(n *node) error {
	t, rest, err := blockType(n.list[1:])
	if err != nil {
		return err
	}
	then := slices.IndexFunc(rest, func(n *node) bool { return n.head() == "then" })
	if then < 0 || len(rest) > then+2 || len(rest) == then+2 && rest[then+1].head() != "else" {
		return n.errorf("an if is (if condition (then …) (else …))")
	}
	if err := f.body(rest[:then]); err != nil {
		return err
	}
	f.emit(opIf, t)
	f.labels = append(f.labels, "")
	if err := f.body(rest[then].list[1:]); err != nil {
		return err
	}
	if len(rest) == then+2 {
		f.emit(opElse)
		if err := f.body(rest[then+1].list[1:]); err != nil {
			return err
		}
	}
	f.labels = f.labels[:len(f.labels)-1]
	f.emit(opEnd)
	return nil
}

// loop assembles (loop $label (result type)? …).
func (f *function) loop(n *node) error {
	rest, label := n.list[1:], ""
	if len(rest) > 0 && len(rest[0].list) == 0 {
		label, rest = rest[0].atom, rest[1:]
	}
	t, rest, err := blockType(rest)
	if err != nil {
		return err
	}
	f.emit(opLoop, t)
	f.labels = append(f.labels, label)
	err = f.body(rest)
	f.labels = f.labels[:len(f.labels)-1]
	f.emit(opEnd)
	return err
}
