package grammar

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// goOnly are what Go's expressions have and those of JSON Schema (ECMA-262) have
// not, or mean otherwise by.
var goOnly = regexp.MustCompile(`\\[AzZQEaC]|\[\[:|\(\?[^:<]|\(\?<[=!]`)

// unicodeEscape is how ECMA-262 writes a character by its number.
var unicodeEscape = regexp.MustCompile(`\\\\|\\u(\{[0-9a-fA-F]+\}|[0-9a-fA-F]{4})`)

// pattern reads a string in which an expression matches somewhere, as patterns of
// JSON Schema do. Its characters are spelt in one way.
func (b *builder) pattern(from int32, expr string) (int32, error) {
	fail := func(err error) (int32, error) {
		return 0, fmt.Errorf("%w: the pattern %q: %w", ErrSchema, expr, err)
	}
	if found := goOnly.FindString(strings.ReplaceAll(expr, `\\`, "")); found != "" {
		return fail(fmt.Errorf("%s is not supported", found))
	}
	re, err := syntax.Parse(unicodeEscape.ReplaceAllStringFunc(expr, func(s string) string {
		if s == `\\` {
			return s
		}
		return `\x{` + strings.Trim(s[2:], "{}") + `}`
	}), syntax.Perl)
	if err != nil {
		return fail(err)
	}
	dots(re)
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return fail(err)
	}
	m := matching{b: b, prog: prog, end: b.node(), nodes: map[instruction]int32{}}
	start := b.text(from, `"`)
	b.free(start, m.visit(instruction{uint32(prog.Start), true, false}))
	later := b.node() // something came before the match
	b.inString(start, later, 0, utf8.MaxRune)
	b.inString(later, later, 0, utf8.MaxRune)
	b.free(later, m.visit(instruction{uint32(prog.Start), false, false}))
	if m.err != nil {
		return fail(m.err)
	}
	return b.text(m.end, `"`), nil
}

// dots makes "." what it is in ECMA-262, where four characters end a line.
func dots(re *syntax.Regexp) {
	if re.Op == syntax.OpAnyCharNotNL {
		re.Op, re.Rune = syntax.OpCharClass, []rune{0, '\n' - 1, '\n' + 1, '\r' - 1, '\r' + 1, 0x2027, 0x202A, utf8.MaxRune}
	}
	for _, sub := range re.Sub {
		dots(sub)
	}
}

// instruction is a place in a compiled expression.
type instruction struct {
	pc    uint32
	begin bool // nothing is read yet
	ended bool // nothing may follow
}

// matching builds the nodes of a compiled expression.
type matching struct {
	b     *builder
	prog  *syntax.Prog
	end   int32
	nodes map[instruction]int32
	err   error
}

func (m *matching) visit(at instruction) int32 {
	if n, ok := m.nodes[at]; ok {
		return n
	}
	n := m.b.node()
	m.nodes[at] = n
	i := &m.prog.Inst[at.pc]
	next := at
	next.pc = i.Out
	switch i.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		m.b.free(n, m.visit(next))
		next.pc = i.Arg
		m.b.free(n, m.visit(next))
	case syntax.InstCapture, syntax.InstNop:
		m.b.free(n, m.visit(next))
	case syntax.InstEmptyWidth:
		switch syntax.EmptyOp(i.Arg) {
		case syntax.EmptyBeginText:
			if at.begin {
				m.b.free(n, m.visit(next))
			}
		case syntax.EmptyEndText:
			next.ended = true
			m.b.free(n, m.visit(next))
		default:
			m.err = fmt.Errorf(`\b and \B are not supported`)
		}
	case syntax.InstMatch:
		m.b.free(n, m.end)
		if !at.ended {
			rest := m.b.node()
			m.b.free(n, rest)
			m.b.inString(rest, rest, 0, utf8.MaxRune)
			m.b.free(rest, m.end)
		}
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		if at.ended {
			break
		}
		next.begin = false
		to := m.visit(next)
		for _, r := range ranges(i) {
			m.b.inString(n, to, r[0], r[1])
		}
	}
	return n
}

// ranges are the characters that an instruction reads.
func ranges(i *syntax.Inst) (list [][2]rune) {
	switch {
	case i.Op == syntax.InstRuneAny:
		return [][2]rune{{0, utf8.MaxRune}}
	case i.Op == syntax.InstRuneAnyNotNL:
		return [][2]rune{{0, '\n' - 1}, {'\n' + 1, utf8.MaxRune}}
	case len(i.Rune) == 1:
		r := i.Rune[0]
		list = append(list, [2]rune{r, r})
		if syntax.Flags(i.Arg)&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				list = append(list, [2]rune{f, f})
			}
		}
		return list
	}
	for j := 0; j+1 < len(i.Rune); j += 2 {
		list = append(list, [2]rune{i.Rune[j], i.Rune[j+1]})
	}
	return list
}

// formats are the formats of strings that OpenAI documents, as expressions.
var formats = func() map[string]string {
	const (
		months = `(0[13-9]|1[0-2])-(0[1-9]|[12]\d|30)|(0[13578]|1[02])-31|02-(0[1-9]|1\d|2[0-8])`
		leap   = `(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29`
		date   = `(\d{4}-(` + months + `)|` + leap + `)`
		time   = `([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)`
		short  = `[A-Za-z0-9]([A-Za-z0-9-]{0,28}[A-Za-z0-9])?`
		long   = `[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
		host   = `(` + short + `(\.` + short + `){0,7}|` + long + `(\.` + long + `){0,2})` // at most 253 characters
		atom   = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
		byte8  = `(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`
		ipv4   = `(` + byte8 + `\.){3}` + byte8
		word   = `[0-9A-Fa-f]{1,4}`
		units  = `\d{1,9}`
	)
	var six strings.Builder
	six.WriteString(`(` + word + `:){7}` + word)
	for before := range 8 { // groups before "::", and at most 7 in all
		left, right := "", ""
		if before > 0 {
			left = fmt.Sprintf(`%s(:%s){%d}`, word, word, before-1)
		}
		if after := 7 - before; after > 0 {
			right = fmt.Sprintf(`(%s(:%s){0,%d})?`, word, word, after-1)
		}
		six.WriteString(`|` + left + `::` + right)
	}
	clock := `T(` + units + `H(` + units + `M(` + units + `S)?)?|` + units + `M(` + units + `S)?|` + units + `S)`
	days := units + `D`
	span := `(` + units + `Y(` + units + `M(` + days + `)?)?|` + units + `M(` + days + `)?|` + days + `)`
	return map[string]string{
		"date-time": date + `T` + time, "date": date, "time": time,
		"duration": `P(` + span + `(` + clock + `)?|` + clock + `|` + units + `W)`,
		"email":    `(` + atom + `{1,31}(\.` + atom + `{1,31})?)@` + host,
		"hostname": host, "ipv4": ipv4, "ipv6": six.String(),
		"uuid": `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`,
	}
}()
