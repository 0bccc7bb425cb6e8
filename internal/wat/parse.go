package wat

import (
	"fmt"
	"strings"
)

// A node is an S-expression: an atom, or a list whose first element is its head.
type node struct {
	line int
	atom string // a word, or a string with its quotes; empty for a list
	list []*node
}

// head returns the first word of a list, or "".
func (n *node) head() string {
	if len(n.list) == 0 {
		return ""
	}
	return n.list[0].atom
}

func (n *node) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", n.line, fmt.Sprintf(format, args...))
}

// parse reads the one expression that a text consists of.
func parse(text string) (*node, error) {
	p := parser{text: text, line: 1}
	n, err := p.next()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.text != "" {
		return nil, fmt.Errorf("line %d: text behind the module", p.line)
	}
	return n, nil
}

type parser struct {
	text string // the rest
	line int
}

// skip removes white space and comments.
func (p *parser) skip() {
	for p.text != "" {
		switch {
		case p.text[0] == '\n':
			p.line++
			p.text = p.text[1:]
		case strings.IndexByte(" \t\r", p.text[0]) >= 0:
			p.text = p.text[1:]
		case strings.HasPrefix(p.text, ";;"):
			_, rest, _ := strings.Cut(p.text, "\n")
			p.text = "\n" + rest
		default:
			return
		}
	}
}

func (p *parser) next() (*node, error) {
	p.skip()
	n := &node{line: p.line}
	switch {
	case p.text == "":
		return nil, n.errorf("the text ends too early")
	case p.text[0] == ')':
		return nil, n.errorf("a parenthesis closes nothing")
	case p.text[0] == '"':
		end := strings.IndexAny(p.text[1:], "\"\\\n")
		if end < 0 || p.text[1+end] != '"' {
			return nil, n.errorf("a string does not end on its line, or has an escape")
		}
		n.atom, p.text = p.text[:end+2], p.text[end+2:]
		return n, nil
	case p.text[0] != '(':
		end := strings.IndexAny(p.text+" ", " \t\r\n()\";")
		if end == 0 {
			return nil, n.errorf("unexpected %q", p.text[0])
		}
		n.atom, p.text = p.text[:end], p.text[end:]
		return n, nil
	}
	p.text = p.text[1:]
	for {
		if p.skip(); strings.HasPrefix(p.text, ")") {
			p.text = p.text[1:]
			return n, nil
		}
		element, err := p.next()
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, element)
	}
}
