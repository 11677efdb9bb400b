// Package jinja renders the Jinja templates that checkpoints bring for chats, as
// Python's Jinja2 does with the settings of transformers: trim_blocks,
// lstrip_blocks, loop controls, and nothing in a value can be changed.
//
// A template is a program by a stranger. Each rendering has a number of steps and
// of bytes to spend and a depth to go to, and every operation pays before it
// works, so any template ends, soon, and within bounds of memory: the same ones
// on every machine. There are no files, and nothing outside of the values given.
//
// Texts remember which of their bytes came from outside the template (Text), so
// that words someone typed never become a marker, however a template cuts and
// joins them.
package jinja

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of a template and of one rendering. The longest templates in use
// have 30 KB and take 40,000 steps for a conversation of 20 messages.
const (
	maxSource = 1 << 20  // bytes of a template
	maxSteps  = 4 << 20  // nodes evaluated, or stretches of 8 bytes or elements looked at
	maxBytes  = 32 << 20 // made in all by a rendering
	maxDepth  = 2000     // nodes within nodes, macros within macros
	// For each byte of a conversation there are more.
	stepsEach, bytesEach = 32, 128
)

// ErrBounds is what an error of a rendering wraps that went beyond its bounds.
var ErrBounds = errors.New("the template does too much")

// ErrRaised is what an error wraps that the template raised itself: it refuses
// what it was given, in its own words.
var ErrRaised = errors.New("the template refuses")

// raised are a template's own words.
type raised string

func (r raised) Error() string { return string(r) }
func (raised) Unwrap() error   { return ErrRaised }

// Error is what a template did wrong, or says itself (raise_exception).
type Error struct {
	Line int // of the template, from 1
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns the error without its line.
func (e *Error) Unwrap() error { return e.Err }

// Template is a compiled template. It may be rendered by several goroutines.
type Template struct {
	body   []node
	blocks map[string]*blockNode
}

// Compile reads a template. Its errors are of type *Error.
func Compile(source string) (t *Template, err error) {
	defer catch(&err)
	switch {
	case len(source) > maxSource:
		panic(&Error{1, fmt.Errorf("a template of %d bytes, at most %d are read", len(source), maxSource)})
	case !utf8.ValidString(source):
		panic(&Error{1, errors.New("the template is not UTF-8")})
	}
	p := &parser{tokens: lex(source), blocks: map[string]*blockNode{}}
	body := p.statements()
	return &Template{body, p.blocks}, nil
}

// Render returns what the template writes with these variables at this time.
// Its errors are of type *Error.
func (t *Template) Render(variables map[string]Value, now time.Time) (text Text, err error) {
	defer catch(&err)
	r := &run{template: t, now: now, steps: maxSteps, bytes: maxBytes, line: 1}
	for _, v := range variables {
		n := size(v, 0)
		r.steps, r.bytes = r.steps+stepsEach*n, r.bytes+bytesEach*n
	}
	r.globals = &scope{vars: globals, parent: nil}
	r.top = &scope{vars: variables, parent: r.globals}
	r.top = r.top.child() // the template's own names
	if len(t.blocks) > 0 {
		r.top.set("self", r.self())
	}
	var out builder
	r.exec(t.body, r.top, &out)
	return out.done(), nil
}

// size is roughly the number of bytes that a given value takes.
func size(v Value, depth int) int {
	n := 16
	if depth > 100 {
		return n
	}
	switch v := v.(type) {
	case Text:
		return n + len(v.s)
	case *List:
		for _, item := range v.items {
			n += size(item, depth+1)
		}
	case *Dict:
		for i, key := range v.keys {
			n += size(key, depth+1) + size(v.values[i], depth+1)
		}
	}
	return n
}

// catch turns a failure into an error.
func catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}

// run is one rendering.
type run struct {
	template     *Template
	now          time.Time
	globals, top *scope
	steps, bytes int // that are left
	depth        int
	line         int // of the statement that is executed
}

// fail ends the rendering.
func (r *run) fail(format string, args ...any) {
	panic(&Error{r.line, fmt.Errorf(format, args...)})
}

// step pays for work on n bytes or elements.
func (r *run) step(n int) {
	if r.steps -= 1 + n/8; r.steps < 0 || n < 0 {
		r.fail("it takes too many steps: %w", ErrBounds)
	}
}

// take pays for n bytes, before they are made. It is work, too.
func (r *run) take(n int) {
	if r.bytes -= n; r.bytes < 0 {
		r.fail("it makes more than %d MB of texts and lists: %w", maxBytes>>20, ErrBounds)
	}
	r.step(n)
}

// deeper goes one level down; the caller comes up again by r.depth--.
func (r *run) deeper() {
	if r.depth++; r.depth > maxDepth {
		r.fail("it is nested or calls itself more than %d levels deep: %w", maxDepth, ErrBounds)
	}
}

// scope holds the variables of a block.
type scope struct {
	vars   map[string]Value
	parent *scope
}

func (s *scope) child() *scope { return &scope{parent: s} }

func (s *scope) get(name string) (Value, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (s *scope) set(name string, v Value) {
	if s.vars == nil {
		s.vars = make(map[string]Value, 4)
	}
	s.vars[name] = v
}

// quote writes a word of a template into an error.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return "'" + s + "'"
}
