package inference

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/builtins"
	controlStructures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"

	"tern/tokenizer"
)

// A checkpoint's template is a program by a stranger, and the library that runs
// it knows no limits: a template could double a string forty times, repeat one a
// billion times, recurse until the stack ends or loop for ever. So it is held to
// the part of Jinja that chat templates use and that can be bounded: if, for and
// set, expressions without * and **, and the filters and methods of jinjaFilters
// and jinjaMethods and a few of our own; no macros, files or captured blocks. Every step that repeats
// or keeps something asks the sandbox, which ends the run by a panic (errors the
// library may swallow); between two such steps there is at most one expression.
// Of the templates in TestJinjaHostile the slowest end a tenth of a second after
// maxRunTime, and all of them together take less than 50 MB.
const (
	maxTemplate  = 64 << 10 // bytes of source; the longest in use have 20 KB
	maxTagTokens = 256      // tokens of one tag
	maxWeight    = 64 << 10 // bytes and elements of a value that is kept or worked on
	maxOutput    = 4 << 20  // bytes
	maxRange     = 1000     // numbers of a range
	maxRunTime   = time.Second / 2
)

// jinja is a template as a checkpoint holds it. It is compiled for each run,
// within a millisecond, since the library binds filters then.
type jinja struct {
	source   string
	bos, eos string
}

func newJinja(source string, tok tokenizer.Tokenizer) *jinja {
	bos, _ := tok.BOS()
	return &jinja{source: source, bos: tok.Literal(bos), eos: tok.Literal(tok.EOS())}
}

// render runs the template on a conversation of stand-ins.
func (j *jinja) render(messages []Message, generationPrompt bool) (text string, err error) {
	s := &sandbox{until: time.Now().Add(maxRunTime), room: maxWeight + 64*len(messages)}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stopped:
			text, err = "", r.error
		case runtime.Error: // of the library, on what no template should say
			text, err = "", fmt.Errorf("it cannot be run: %w", r)
		default: // its own words
			text, err = "", fmt.Errorf("%v", r)
		}
	}()
	if err := j.check(); err != nil {
		return "", err
	}
	// As transformers compiles chat templates.
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true
	const name = "/template"
	t, err := exec.NewTemplate(name, c, loaders.MustNewMemoryLoader(map[string]string{name: j.source}), s.environment())
	if err != nil {
		return "", shorten(err)
	}
	list := make(jinjaList, len(messages))
	for i, m := range messages {
		list[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	if err := t.Execute(s, exec.NewContext(map[string]any{
		"messages":              list,
		"add_generation_prompt": generationPrompt,
		"bos_token":             j.bos,
		"eos_token":             j.eos,
		"range":                 s.rangeOf,
		"namespace":             s.namespace,
		"raise_exception":       s.raise,
		"strftime_now":          s.strftime,
	})); err != nil {
		return "", shorten(err)
	}
	return s.out.String(), nil
}

// check refuses what no sandbox could stop once it runs.
func (j *jinja) check() error {
	switch {
	case len(j.source) > maxTemplate:
		return fmt.Errorf("it has %d bytes, at most %d are run", len(j.source), maxTemplate)
	case strings.ContainsFunc(j.source, isStandIn):
		return errors.New("it holds private-use characters")
	}
	// The library's lexer steps back by the wrong width where a number ends before a
	// letter of several bytes: it panics, or goes round for ever (gonja 2.9.1). So it
	// gets letters of one byte here, and no others where they are not text.
	source := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(j.source) // as it does
	stream := tokens.LexAll(oneByteEach(source), config.New())
	for n := 0; !stream.End(); {
		t := stream.Next()
		switch t.Type {
		case tokens.BlockBegin, tokens.VariableBegin, tokens.Data:
			n = 0
		case tokens.Multiply, tokens.Power:
			return fmt.Errorf("line %d: %q is not supported", t.Line, t.Val)
		case tokens.Name:
			if t.Val == "recursive" || t.Val == "self" {
				return fmt.Errorf("line %d: %q is not supported", t.Line, t.Val)
			}
		}
		if n++; n > maxTagTokens {
			return fmt.Errorf("line %d: a tag of more than %d words and signs", t.Line, maxTagTokens)
		}
		if t.Type != tokens.Data && t.Type != tokens.String && t.Type != tokens.EOF {
			if word := source[t.Pos:][:len(t.Val)]; word != t.Val {
				return fmt.Errorf("line %d: %q is not supported", t.Line, word)
			}
		}
	}
	if stream.IsError() { // the lexer goes on behind some of them, where nobody looks
		return shorten(fmt.Errorf("it cannot be read: %s", stream.Current().Val))
	}
	return nil
}

// oneByteEach puts a letter in the place of each byte that is not ASCII.
func oneByteEach(source string) string {
	b := []byte(source)
	for i, c := range b {
		if c >= utf8.RuneSelf {
			b[i] = 'Z'
		}
	}
	return string(b)
}

// shorten keeps the end of an error of the library, which begins with the whole
// template and the whole expression.
func shorten(err error) error {
	const most = 160
	text := err.Error()
	if len(text) > most {
		text = "…" + strings.ToValidUTF8(text[len(text)-most:], "")
	}
	return errors.New(text)
}

// stopped is what the sandbox panics with.
type stopped struct{ error }

func stop(format string, args ...any) { panic(stopped{fmt.Errorf(format, args...)}) }

// sandbox bounds one run of a template.
type sandbox struct {
	until time.Time
	room  int // for one value
	out   strings.Builder
}

// tick is called by everything that a template can repeat.
func (s *sandbox) tick() {
	if time.Now().After(s.until) {
		stop("it runs for more than %v", maxRunTime)
	}
}

// Write takes what the template writes.
func (s *sandbox) Write(p []byte) (int, error) {
	s.tick()
	if s.out.Len()+len(p) > maxOutput {
		stop("it writes more than %d bytes", maxOutput)
	}
	return s.out.Write(p)
}

// weigh stops a template that builds too large a value, or one that could
// contain itself: namespaces, functions and loops are values of their own only.
func (s *sandbox) weigh(values ...*exec.Value) {
	left := s.room
	for _, v := range values {
		weigh(v, &left, 0)
	}
}

func weigh(v *exec.Value, left *int, depth int) {
	const deep = 32
	*left--
	switch {
	case v == nil, v.IsNil(), v.IsBool(), v.IsNumber():
	case v.IsString():
		*left -= len(v.String())
	case depth == deep:
		stop("a value in more than %d others", deep)
	case v.IsList():
		for i := 0; i < v.Len() && *left >= 0; i++ {
			weigh(v.Index(i), left, depth+1)
		}
	default:
		switch x := v.Interface().(type) {
		case map[string]any:
			for key, item := range x {
				*left -= len(key)
				weigh(exec.ToValue(item), left, depth+1)
			}
		case *exec.Dict:
			for _, p := range x.Pairs {
				weigh(p.Key, left, depth+1)
				weigh(p.Value, left, depth+1)
			}
		case *exec.Pair:
			weigh(x.Key, left, depth+1)
			weigh(x.Value, left, depth+1)
		default:
			stop("a value of type %T cannot be kept or worked on", x)
		}
	}
	if *left < 0 {
		stop("a value of more than %d bytes or elements", maxWeight)
	}
}

// environment is what a template can use.
func (s *sandbox) environment() *exec.Environment {
	return &exec.Environment{
		Context:           exec.EmptyContext(),
		Filters:           exec.NewFilterSet(s.filters()),
		Tests:             builtins.Tests,
		ControlStructures: exec.NewControlStructureSet(s.statements()),
		Methods: exec.Methods{
			Bool:  exec.NewMethodSet(map[string]exec.Method[bool]{}),
			Int:   exec.NewMethodSet(map[string]exec.Method[int]{}),
			Float: exec.NewMethodSet(map[string]exec.Method[float64]{}),
			Str:   exec.NewMethodSet(s.textMethods()),
			Dict:  exec.NewMethodSet(methods(s, builtins.Methods.Dict, []string{"keys", "values", "items", "get"})),
			List:  exec.NewMethodSet(map[string]exec.Method[[]any]{}),
		},
	}
}

// statements are the control structures, those of the library behind a tick.
func (s *sandbox) statements() map[string]parser.ControlStructureParser {
	list := map[string]parser.ControlStructureParser{"set": s.parseSet}
	for _, name := range []string{"if", "for", "break", "continue"} {
		parse, ok := builtins.ControlStructures.Get(name)
		if !ok {
			continue
		}
		list[name] = func(p, args *parser.Parser) (nodes.ControlStructure, error) {
			c, err := parse(p, args)
			if loop, ok := c.(*controlStructures.ForControlStructure); ok && loop.IfCondition != nil {
				loop.IfCondition = &nodes.FilteredExpression{Expression: loop.IfCondition, Filters: []*nodes.FilterCall{ticking}}
			}
			return &guarded{s, c}, err
		}
	}
	return list
}

// guarded is a control structure of the library.
type guarded struct {
	s *sandbox
	nodes.ControlStructure
}

// Execute asks the sandbox first.
func (g *guarded) Execute(r *exec.Renderer, tag *nodes.ControlStructureBlock) error {
	g.s.tick()
	if loop, ok := g.ControlStructure.(*controlStructures.ForControlStructure); ok {
		list := r.Eval(loop.ObjectEvaluator)
		if list.IsString() { // the library takes quadratic time
			stop("a loop over the characters of a text")
		}
		if !list.IsError() {
			g.s.weigh(list)
		}
	}
	c, ok := g.ControlStructure.(exec.ControlStructure)
	if !ok {
		stop("%T cannot be run", g.ControlStructure)
	}
	return c.Execute(r, tag)
}

// ticking is a filter that lets pass what it gets: the library tries the
// condition of a loop on all elements before the first of them is shown.
var ticking = &nodes.FilterCall{Name: "tick"}

// assignment is {% set name = value %} or {% set namespace.name = value %}.
type assignment struct {
	s           *sandbox
	at          *tokens.Token
	target      nodes.Expression
	value       nodes.Expression
	test, other nodes.Expression // nil without "if … else …"
}

func (s *sandbox) parseSet(p, args *parser.Parser) (nodes.ControlStructure, error) {
	a := &assignment{s: s, at: p.Current()}
	var err error
	if a.target, err = args.ParseVariableOrLiteral(); err != nil {
		return nil, err
	}
	if args.Match(tokens.Assign) == nil {
		return nil, args.Error("a block that is captured is not supported", args.Current())
	}
	if a.value, err = args.ParseExpression(); err != nil {
		return nil, err
	}
	if a.test, a.other, err = args.ParseCondition(); err != nil {
		return nil, err
	}
	if !args.End() {
		return nil, args.Error("the value ends here", args.Current())
	}
	return a, nil
}

// Position is where the tag stands.
func (a *assignment) Position() *tokens.Token { return a.at }

// String names the tag in errors.
func (a *assignment) String() string { return "set" }

// Execute keeps the value.
func (a *assignment) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	a.s.tick()
	from := a.value
	if a.test != nil {
		test := r.Eval(a.test)
		if test.IsError() {
			return test
		}
		if !test.IsTrue() {
			from = a.other
		}
	}
	value := exec.AsValue(nil)
	if from != nil {
		value = r.Eval(from)
	}
	if value.IsError() {
		return value
	}
	_, whole := value.Interface().(jinjaNamespace)
	if !whole {
		a.s.weigh(value)
	}
	switch t := a.target.(type) {
	case *nodes.Name:
		r.Environment.Context.Set(t.Name.Val, value.Interface())
		return nil
	case *nodes.GetAttribute:
		if n, ok := r.Eval(t.Node).Interface().(jinjaNamespace); ok && t.Attribute != "" && !whole {
			n[t.Attribute] = value.Interface()
			return nil
		}
	}
	return errors.New("set of something that is no variable")
}
