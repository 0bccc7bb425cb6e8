// Package query runs the simple forms of the IoT Hub query language over JSON documents. It knows neither twins nor enrollments: the
// emulator hands it documents. Joins, GROUP BY, ORDER BY and jobs are not here.
package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Query is one of the query language's simple forms ("IoT Hub query language for device and module twins"):
//
//	SELECT * | COUNT() [AS name] | path [AS name], … FROM source [WHERE condition]
//
// A condition compares paths with literals (=, !=, <>, <, <=, >, >=, IN [ … ]), or is IS_DEFINED(path), IS_NULL(path) and
// IS_STRING, IS_NUMBER, IS_BOOL, IS_OBJECT, joined by AND, OR, NOT and parentheses. A comparison with an undefined path is false.
type Query struct {
	// Source is the collection that the query reads, one of the sources given to Parse.
	Source string

	columns []column  // empty: *
	count   string    // the name of COUNT()
	where   condition // nil: all
}

// All returns the query SELECT * FROM source.
func All(source string) *Query { return &Query{Source: source} }

type column struct {
	path []string
	name string
}

type condition func(doc map[string]any) bool

// Whole reports whether the query selects whole documents (SELECT *).
func (q *Query) Whole() bool { return len(q.columns) == 0 && q.count == "" }

// Run returns the rows that the query selects from docs. It does not change docs; with SELECT * the rows are the documents themselves.
func (q *Query) Run(docs []map[string]any) []map[string]any {
	var selected []map[string]any
	for _, doc := range docs {
		if q.where == nil || q.where(doc) {
			selected = append(selected, doc)
		}
	}
	switch {
	case q.count != "":
		return []map[string]any{{q.count: len(selected)}}
	case len(q.columns) == 0:
		return selected
	}
	for i, doc := range selected {
		row := make(map[string]any, len(q.columns))
		for _, c := range q.columns {
			if value, ok := valueAt(doc, c.path); ok {
				row[c.name] = value
			}
		}
		selected[i] = row
	}
	return selected
}

func valueAt(doc map[string]any, path []string) (any, bool) {
	var value any = doc
	for _, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = object[name]; !ok {
			return nil, false
		}
	}
	return value, true
}

// parser reads a query token by token.
type parser struct {
	tokens []string
	alias  string // of the source: FROM devices d
	depth  int
}

const (
	maxLength = 8 << 10
	maxDepth  = 32 // of parentheses and NOTs
)

// Parse reads a query of at most 8 KiB that reads from one of the sources. Its errors complete a sentence that begins with "the query".
func Parse(text string, sources ...string) (*Query, error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("has %d bytes: at most %d are allowed", len(text), maxLength)
	}
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	q := new(Query)
	if !p.keyword("SELECT") {
		return nil, errors.New("does not begin with SELECT: write SELECT * FROM " + sources[0])
	}
	if err := p.selection(q); err != nil {
		return nil, err
	}
	if !p.keyword("FROM") {
		return nil, p.unexpected("FROM")
	}
	source := p.next()
	i := slices.IndexFunc(sources, func(s string) bool { return strings.EqualFold(s, source) })
	if i < 0 {
		return nil, fmt.Errorf("asks FROM %q: here it is FROM %s", source, strings.Join(sources, " or "))
	}
	q.Source = sources[i]
	if p.keyword("AS") && !isName(p.peek()) {
		return nil, p.unexpected("a name")
	}
	if next := p.peek(); next != "" && !strings.EqualFold(next, "WHERE") && isName(next) {
		p.alias = p.next()
	}
	for i := range q.columns {
		q.columns[i].path = p.unalias(q.columns[i].path)
	}
	if p.keyword("WHERE") {
		if q.where, err = p.or(); err != nil {
			return nil, err
		}
	}
	if p.peek() != "" {
		return nil, fmt.Errorf("has %q where it should end: GROUP BY and ORDER BY are not supported by the emulator", p.peek())
	}
	return q, nil
}

func (p *parser) selection(q *Query) error {
	if p.keyword("*") {
		return nil
	}
	for {
		token := p.next()
		switch {
		case strings.EqualFold(token, "COUNT") && p.peek() == "(":
			p.next()
			if !p.keyword(")") {
				return p.unexpected(")")
			}
			q.count = "result"
			if p.keyword("AS") {
				q.count = p.next()
			}
			if q.count == "" || len(q.columns) > 0 || p.peek() == "," {
				return errors.New("has COUNT() beside other columns: the emulator counts alone")
			}
			return nil
		case isName(token):
			c := column{path: strings.Split(token, "."), name: token[strings.LastIndex(token, ".")+1:]}
			if p.keyword("AS") {
				c.name = p.next()
			}
			q.columns = append(q.columns, c)
		default:
			return fmt.Errorf("selects %q: write *, COUNT() or names of properties", token)
		}
		if !p.keyword(",") {
			return nil
		}
	}
}

func (p *parser) or() (condition, error) {
	return p.joined("OR", p.and, func(a, b condition) condition {
		return func(doc map[string]any) bool { return a(doc) || b(doc) }
	})
}

func (p *parser) and() (condition, error) {
	return p.joined("AND", p.not, func(a, b condition) condition {
		return func(doc map[string]any) bool { return a(doc) && b(doc) }
	})
}

func (p *parser) joined(word string, operand func() (condition, error), join func(a, b condition) condition) (condition, error) {
	left, err := operand()
	for err == nil && p.keyword(word) {
		var right condition
		if right, err = operand(); err == nil {
			left = join(left, right)
		}
	}
	return left, err
}

func (p *parser) not() (condition, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("is nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.keyword("NOT") {
		inner, err := p.not()
		if err != nil {
			return nil, err
		}
		return func(doc map[string]any) bool { return !inner(doc) }, nil
	}
	if p.keyword("(") {
		inner, err := p.or()
		if err == nil && !p.keyword(")") {
			err = p.unexpected(")")
		}
		return inner, err
	}
	return p.comparison()
}

// typeTests are the functions of one path.
var typeTests = map[string]func(value any, defined bool) bool{
	"IS_DEFINED": func(_ any, defined bool) bool { return defined },
	"IS_NULL":    func(value any, defined bool) bool { return defined && value == nil },
	"IS_STRING":  func(value any, _ bool) bool { _, ok := value.(string); return ok },
	"IS_BOOL":    func(value any, _ bool) bool { _, ok := value.(bool); return ok },
	"IS_NUMBER":  func(value any, _ bool) bool { _, ok := number(value); return ok },
	"IS_OBJECT":  func(value any, _ bool) bool { _, ok := value.(map[string]any); return ok },
}

func (p *parser) comparison() (condition, error) {
	name := p.next()
	if test := typeTests[strings.ToUpper(name)]; test != nil && p.keyword("(") {
		path, err := p.path(p.next())
		if err == nil && !p.keyword(")") {
			err = p.unexpected(")")
		}
		return func(doc map[string]any) bool { return test(valueAt(doc, path)) }, err
	}
	path, err := p.path(name)
	if err != nil {
		return nil, err
	}
	if p.keyword("IN") {
		values, err := p.list()
		return func(doc map[string]any) bool {
			value, ok := valueAt(doc, path)
			return ok && slices.ContainsFunc(values, func(v any) bool { return compare(value, "=", v) })
		}, err
	}
	operator := p.next()
	switch operator {
	case "=", "!=", "<>", "<", "<=", ">", ">=":
	default:
		return nil, fmt.Errorf("has %q behind %s: a comparison such as = belongs there", operator, name)
	}
	literal, err := p.literal()
	return func(doc map[string]any) bool {
		value, ok := valueAt(doc, path)
		return ok && compare(value, operator, literal)
	}, err
}

func (p *parser) path(token string) ([]string, error) {
	if !isName(token) {
		return nil, fmt.Errorf("has %q where the name of a property belongs, such as tags.city", token)
	}
	return p.unalias(strings.Split(token, ".")), nil
}

// unalias takes the source's name off a path: devices.tags.city.
func (p *parser) unalias(path []string) []string {
	if len(path) > 1 && (path[0] == p.alias || path[0] == "devices") {
		return path[1:]
	}
	return path
}

func (p *parser) list() ([]any, error) {
	closing := map[string]string{"[": "]", "(": ")"}[p.next()]
	if closing == "" {
		return nil, errors.New("has IN without a list: write IN ['a', 'b']")
	}
	var values []any
	for {
		value, err := p.literal()
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		if p.keyword(closing) {
			return values, nil
		}
		if !p.keyword(",") {
			return nil, p.unexpected(closing)
		}
	}
}

func (p *parser) literal() (any, error) {
	token := p.next()
	switch {
	case token == "":
		return nil, errors.New("ends where a value belongs")
	case token[0] == '\'':
		return token[1:], nil
	case strings.EqualFold(token, "true"):
		return true, nil
	case strings.EqualFold(token, "false"):
		return false, nil
	case strings.EqualFold(token, "null"):
		return nil, nil
	}
	if n := json.Number(token); isNumber(n) {
		return n, nil
	}
	return nil, fmt.Errorf("has %q where a value belongs: write text in single quotes", token)
}

func isNumber(n json.Number) bool {
	_, err := n.Float64()
	return err == nil
}

func number(value any) (float64, bool) {
	switch value := value.(type) {
	case json.Number:
		f, err := value.Float64()
		return f, err == nil
	case float64:
		return value, true
	}
	return 0, false
}

// compare compares values of one type; values of different types are different, and in no order.
func compare(a any, operator string, b any) bool {
	order, comparable := 0, false
	switch left := a.(type) {
	case string:
		if right, ok := b.(string); ok {
			order, comparable = strings.Compare(left, right), true
		}
	case bool:
		if right, ok := b.(bool); ok {
			order, comparable = bit(left)-bit(right), true
		}
	case nil:
		comparable = b == nil
	default:
		x, ok1 := number(a)
		y, ok2 := number(b)
		if comparable = ok1 && ok2; comparable {
			switch {
			case x < y:
				order = -1
			case x > y:
				order = 1
			}
		}
	}
	if !comparable {
		return operator == "!=" || operator == "<>"
	}
	switch operator {
	case "=":
		return order == 0
	case "!=", "<>":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *parser) keyword(word string) bool {
	if strings.EqualFold(p.peek(), word) {
		p.next()
		return true
	}
	return false
}

func (p *parser) unexpected(want string) error {
	if p.peek() == "" {
		return fmt.Errorf("ends where %s belongs", want)
	}
	return fmt.Errorf("has %q where %s belongs", p.peek(), want)
}

func isName(token string) bool {
	return token != "" && (token[0] == '_' || token[0] == '$' || token[0]|0x20 >= 'a' && token[0]|0x20 <= 'z') && !strings.HasSuffix(token, ".")
}

func isNameByte(c byte) bool {
	return c == '_' || c == '$' || c == '.' || c == '-' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}

// tokenize splits a query into names, numbers, operators and strings; a string begins with a quote and has no closing one.
func tokenize(text string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '\'' || c == '"':
			value, end, err := quoted(text, i)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, "'"+value)
			i = end
		case strings.HasPrefix(text[i:], "!=") || strings.HasPrefix(text[i:], "<>") || strings.HasPrefix(text[i:], "<=") || strings.HasPrefix(text[i:], ">="):
			tokens = append(tokens, text[i:i+2])
			i += 2
		case strings.IndexByte("=<>()[],*", c) >= 0:
			tokens = append(tokens, text[i:i+1])
			i++
		case isNameByte(c) || c == '+':
			end := i + 1
			for end < len(text) && isNameByte(text[end]) {
				end++
			}
			tokens = append(tokens, text[i:end])
			i = end
		default:
			return nil, fmt.Errorf("has an unexpected character %q", c)
		}
	}
	return tokens, nil
}

// quoted reads a string; a quote inside is doubled or has a backslash before it.
func quoted(text string, start int) (value string, end int, err error) {
	var b strings.Builder
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == text[start] && i+1 < len(text) && text[i+1] == text[start]:
			i++
			b.WriteByte(text[i])
		case text[i] == text[start]:
			return b.String(), i + 1, nil
		default:
			b.WriteByte(text[i])
		}
	}
	return "", 0, errors.New("has a string without its closing quote")
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
