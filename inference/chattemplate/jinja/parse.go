package jinja

import (
	"fmt"
	"slices"
)

// parser reads tokens into nodes, by Jinja2's grammar.
type parser struct {
	tokens []token
	at     int
	depth  int
	blocks map[string]*blockNode
	uses   *uses // of the macro around
	loops  int   // around, within this macro
}

// maxNesting bounds the parser's own depth.
const maxNesting = 400

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != endToken {
		p.at++
	}
	return t
}

func (p *parser) fail(format string, args ...any) {
	panic(&Error{p.peek().line, fmt.Errorf(format, args...)})
}

func (p *parser) deeper() {
	if p.depth++; p.depth > maxNesting {
		p.fail("more than %d levels of nesting: %w", maxNesting, ErrBounds)
	}
}

// is reports whether the next token is this operator.
func (p *parser) is(op string) bool { t := p.peek(); return t.kind == operatorToken && t.text == op }

// isName reports whether the next token is this word.
func (p *parser) isName(words ...string) bool {
	t := p.peek()
	return t.kind == nameToken && slices.Contains(words, t.text)
}

func (p *parser) skip(op string) bool {
	if p.is(op) {
		p.at++
		return true
	}
	return false
}

func (p *parser) skipName(word string) bool {
	if p.isName(word) {
		p.at++
		return true
	}
	return false
}

func (p *parser) want(op string) {
	if !p.skip(op) {
		p.unexpected(quote(op))
	}
}

func (p *parser) name() string {
	if p.peek().kind != nameToken {
		p.unexpected("a name")
	}
	return p.next().text
}

func (p *parser) unexpected(wanted string) {
	t := p.peek()
	what := quote(t.text)
	switch t.kind {
	case endToken:
		what = "the end of the template"
	case endBlock, endOutput:
		what = "the end of the tag"
	case dataToken, beginBlock, beginOutput:
		what = "text"
	}
	p.fail("expected %s, got %s", wanted, what)
}

// close wants the end of a statement's tag.
func (p *parser) close() {
	if p.peek().kind != endBlock {
		p.unexpected("the end of the tag")
	}
	p.at++
}

// statements reads up to one of the end words, whose name it leaves; without any
// up to the end of the template.
func (p *parser) statements(ends ...string) (body []node) {
	p.deeper()
	for {
		switch t := p.next(); t.kind {
		case endToken:
			if ends != nil {
				p.fail("the template ends before %s", quote(ends[len(ends)-1]))
			}
			p.depth--
			return body
		case dataToken:
			body = append(body, &dataNode{Own(t.text)})
		case beginOutput:
			n := &outputNode{line: t.line, x: p.tuple()}
			if p.peek().kind != endOutput {
				p.unexpected("the end of the tag")
			}
			p.at++
			body = append(body, n)
		default: // beginBlock
			if p.isName(ends...) {
				p.depth--
				return body
			}
			body = append(body, p.statement()...)
		}
	}
}

// block reads the statements of a tag's body, and the tag that ends it.
func (p *parser) block(end string) []node {
	p.close()
	body := p.statements(end)
	p.at++
	return body
}

func (p *parser) statement() []node {
	line := p.peek().line
	word := p.name()
	var n node
	switch word {
	case "if":
		n = p.ifStatement(line)
	case "for":
		n = p.forStatement(line)
	case "set":
		n = p.setStatement(line)
	case "macro":
		n = p.macroStatement(line)
	case "call":
		n = p.callStatement(line)
	case "filter":
		n = &filterNode{line: line, filters: p.filters(&stackedExpr{}, true), body: p.block("endfilter")}
	case "with":
		n = p.withStatement(line)
	case "block":
		b := &blockNode{line: line, name: p.name()}
		for p.isName("scoped", "required") {
			p.at++
		}
		if p.blocks[b.name] != nil {
			p.fail("block %s defined twice", quote(b.name))
		}
		p.blocks[b.name] = b
		b.body = p.block("endblock")
		if p.isName(b.name) {
			p.at++
		}
		n = b
	case "generation": // marks what an assistant said, for training
		body := p.block("endgeneration")
		p.close()
		return body
	case "autoescape":
		p.expression()
		body := p.block("endautoescape")
		p.close()
		return body
	case "break", "continue":
		if p.loops == 0 {
			p.fail("%s outside of a loop", quote(word))
		}
		n = &jumpNode{map[string]jump{"break": breaking, "continue": continuing}[word]}
	case "include", "import", "from", "extends":
		for p.peek().kind != endBlock {
			if p.next().kind == endToken {
				p.unexpected("the end of the tag")
			}
		}
		n = &absentNode{line, word}
	default:
		p.fail("unknown tag %s", quote(word))
	}
	p.close()
	return []node{n}
}

func (p *parser) ifStatement(line int) node {
	n := &ifNode{line: line}
	for {
		b := branch{line: line, test: p.tupleOf(p.or)}
		p.close()
		b.body = p.statements("elif", "else", "endif")
		n.branches = append(n.branches, b)
		line = p.peek().line
		switch p.next().text {
		case "elif":
			continue
		case "else":
			n.other = p.block("endif")
		}
		return n
	}
}

func (p *parser) forStatement(line int) node {
	n := &forNode{line: line, target: p.target(false)}
	if !p.skipName("in") {
		p.unexpected("'in'")
	}
	n.list = p.tupleOf(p.or)
	if p.skipName("if") {
		n.test = p.expression()
	}
	n.recursive = p.skipName("recursive")
	p.close()
	p.loops++
	n.body = p.statements("else", "endfor")
	p.loops--
	if p.next().text == "else" {
		n.other = p.block("endfor")
	}
	return n
}

func (p *parser) setStatement(line int) node {
	to := p.target(true)
	if p.skip("=") {
		return &setNode{line, to, p.tuple()}
	}
	n := &setBlockNode{line: line, target: to}
	if p.is("|") {
		n.filters = p.filters(&stackedExpr{}, false)
	}
	n.body = p.block("endset")
	return n
}

func (p *parser) withStatement(line int) node {
	n := &withNode{line: line}
	for p.peek().kind != endBlock {
		if len(n.targets) > 0 {
			p.want(",")
		}
		n.targets = append(n.targets, p.oneTarget(false))
		p.want("=")
		n.values = append(n.values, p.expression())
	}
	n.body = p.block("endwith")
	return n
}

// target reads what is assigned to: names, in brackets or not.
func (p *parser) target(namespaces bool) target {
	first := p.oneTarget(namespaces)
	if !p.is(",") {
		return first
	}
	t := target{tuple: []target{first}, isTuple: true}
	for p.skip(",") {
		if p.isName("in") || p.is("=") || p.is(")") {
			break
		}
		t.tuple = append(t.tuple, p.oneTarget(namespaces))
	}
	return t
}

func (p *parser) oneTarget(namespaces bool) target {
	if p.skip("(") {
		p.deeper()
		t := p.target(namespaces)
		p.depth--
		p.want(")")
		return t
	}
	t := target{name: p.name()}
	if isConstant(t.name) {
		p.fail("cannot assign to %s", quote(t.name))
	}
	if namespaces && p.skip(".") {
		t.attr = p.name()
	}
	return t
}

func (p *parser) macroStatement(line int) node {
	n := &macroNode{line: line, name: p.name()}
	p.signature(n)
	p.macroBody(n, "endmacro")
	return n
}

// macroBody reads the body of a macro up to its end tag.
func (p *parser) macroBody(n *macroNode, end string) {
	uses, loops := p.uses, p.loops
	p.uses, p.loops = &n.uses, 0
	n.body = p.block(end)
	p.uses, p.loops = uses, loops
}

// signature reads the parameters of a macro.
func (p *parser) signature(n *macroNode) {
	p.want("(")
	for !p.skip(")") {
		if len(n.params) > 0 {
			p.want(",")
			if p.skip(")") {
				return
			}
		}
		n.params = append(n.params, p.name())
		if p.skip("=") {
			n.defaults = append(n.defaults, p.expression())
		} else if n.defaults != nil {
			p.fail("a parameter without a default behind one with one")
		}
	}
}

func (p *parser) callStatement(line int) node {
	n := &callNode{line: line, macro: &macroNode{line: line, name: "caller"}}
	if p.is("(") {
		p.signature(n.macro)
	}
	call, ok := p.expression().(*callExpr)
	if !ok {
		p.fail("expected a call")
	}
	n.call = call
	p.macroBody(n.macro, "endcall")
	return n
}
