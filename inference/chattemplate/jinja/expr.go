package jinja

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// isConstant tells the words that no variable may have.
func isConstant(word string) bool {
	return slices.Contains([]string{"true", "True", "false", "False", "none", "None"}, word)
}

// expression reads one expression, with "a if b else c".
func (p *parser) expression() expr {
	p.deeper()
	defer func() { p.depth-- }()
	x := p.or()
	for p.skipName("if") {
		c := &condExpr{yes: x, test: p.or()}
		if p.skipName("else") {
			c.no = p.expression()
		}
		x = c
	}
	return x
}

// tuple reads expressions with commas between them; one alone is itself.
func (p *parser) tuple() expr { return p.tupleOf(p.expression) }

// tupleOf is tuple for one kind of expressions.
func (p *parser) tupleOf(one func() expr) expr {
	t := &listExpr{tuple: true, items: []expr{one()}}
	if !p.is(",") {
		return t.items[0]
	}
	for p.skip(",") {
		if k := p.peek().kind; k == endBlock || k == endOutput || p.is(")") || p.isName("recursive") {
			break
		}
		t.items = append(t.items, one())
	}
	return t
}

func (p *parser) or() expr {
	x := p.and()
	for p.skipName("or") {
		x = &orExpr{x, p.and()}
	}
	return x
}

func (p *parser) and() expr {
	x := p.not()
	for p.skipName("and") {
		x = &andExpr{x, p.not()}
	}
	return x
}

func (p *parser) not() expr {
	if p.skipName("not") {
		p.deeper()
		defer func() { p.depth-- }()
		return &notExpr{p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	c := &compareExpr{first: p.sum()}
	for {
		switch t := p.peek(); {
		case t.kind == operatorToken && slices.Contains([]string{"==", "!=", "<", ">", "<=", ">="}, t.text):
			p.at++
			c.ops = append(c.ops, t.text)
		case p.skipName("in"):
			c.ops = append(c.ops, "in")
		case p.isName("not") && p.tokens[p.at+1].kind == nameToken && p.tokens[p.at+1].text == "in":
			p.at += 2
			c.ops = append(c.ops, "not in")
		case len(c.ops) == 0:
			return c.first
		default:
			return c
		}
		c.rest = append(c.rest, p.sum())
	}
}

func (p *parser) sum() expr {
	x := p.concat()
	for p.is("+") || p.is("-") {
		op := p.next().text
		x = &binaryExpr{op, x, p.concat()}
	}
	return x
}

func (p *parser) concat() expr {
	x := p.product()
	if !p.is("~") {
		return x
	}
	c := &concatExpr{[]expr{x}}
	for p.skip("~") {
		c.parts = append(c.parts, p.product())
	}
	return c
}

func (p *parser) product() expr {
	x := p.power()
	for p.is("*") || p.is("/") || p.is("//") || p.is("%") {
		op := p.next().text
		x = &binaryExpr{op, x, p.power()}
	}
	return x
}

func (p *parser) power() expr {
	x := p.unary(true)
	for p.skip("**") {
		x = &binaryExpr{"**", x, p.unary(true)}
	}
	return x
}

func (p *parser) unary(filters bool) expr {
	p.deeper()
	defer func() { p.depth-- }()
	var x expr
	if p.is("-") || p.is("+") {
		op := p.next().text
		x = &unaryExpr{op, p.unary(false)}
	} else {
		x = p.primary()
	}
	x = p.postfix(x)
	if filters {
		x = p.filterExpr(x)
	}
	return x
}

func (p *parser) primary() expr {
	switch t := p.peek(); {
	case t.kind == nameToken:
		p.at++
		switch t.text {
		case "true", "True":
			return &constExpr{true}
		case "false", "False":
			return &constExpr{false}
		case "none", "None":
			return &constExpr{nil}
		}
		if p.uses != nil {
			p.uses.varargs = p.uses.varargs || t.text == "varargs"
			p.uses.kwargs = p.uses.kwargs || t.text == "kwargs"
			p.uses.caller = p.uses.caller || t.text == "caller"
		}
		return &nameExpr{t.text}
	case t.kind == stringToken:
		var text strings.Builder
		for p.peek().kind == stringToken {
			text.WriteString(p.next().text)
		}
		return &constExpr{Own(text.String())}
	case t.kind == intToken:
		p.at++
		n, err := strconv.ParseInt(t.text, 0, 64)
		if err != nil {
			n, err = strconv.ParseInt(t.text, 10, 64)
		}
		if err != nil {
			p.fail("the number %s is too large", quote(t.text))
		}
		return &constExpr{int(n)}
	case t.kind == floatToken:
		p.at++
		f, err := strconv.ParseFloat(t.text, 64)
		if err != nil && !math.IsInf(f, 0) {
			p.fail("%s is not a number", quote(t.text))
		}
		return &constExpr{f}
	case p.skip("("):
		if p.skip(")") {
			return &listExpr{tuple: true}
		}
		x := p.tuple()
		p.want(")")
		return x
	case p.skip("["):
		l := &listExpr{}
		for !p.skip("]") {
			if len(l.items) > 0 {
				p.want(",")
				if p.skip("]") {
					break
				}
			}
			l.items = append(l.items, p.expression())
		}
		return l
	case p.skip("{"):
		d := &dictExpr{}
		for !p.skip("}") {
			if len(d.keys) > 0 {
				p.want(",")
				if p.skip("}") {
					break
				}
			}
			d.keys = append(d.keys, p.expression())
			p.want(":")
			d.values = append(d.values, p.expression())
		}
		return d
	}
	p.unexpected("an expression")
	return nil
}

// postfix reads attributes, subscripts and calls.
func (p *parser) postfix(x expr) expr {
	for {
		switch {
		case p.skip("."):
			switch t := p.next(); t.kind {
			case nameToken:
				x = &attrExpr{x, t.text}
			case intToken:
				n, err := strconv.Atoi(t.text)
				if err != nil {
					p.fail("the number %s is too large", quote(t.text))
				}
				x = &itemExpr{x, &constExpr{n}}
			default:
				p.at--
				p.unexpected("a name")
			}
		case p.skip("["):
			x = &itemExpr{x, p.subscript()}
		case p.is("("):
			x = &callExpr{p.peek().line, x, p.args()}
		default:
			return x
		}
	}
}

// subscript reads what stands between brackets, and the closing one.
func (p *parser) subscript() expr {
	var keys []expr
	for {
		var part [3]expr
		n, colons := 0, 0
		for !p.is("]") && !p.is(",") {
			if p.skip(":") {
				if colons++; colons > 2 {
					p.unexpected("']'")
				}
				n = colons
				continue
			}
			if part[n] != nil {
				p.unexpected("']'")
			}
			part[n] = p.expression()
		}
		switch {
		case colons > 0:
			keys = append(keys, &sliceExpr{part[0], part[1], part[2]})
		case part[0] != nil:
			keys = append(keys, part[0])
		default:
			p.unexpected("an expression")
		}
		if p.skip("]") {
			break
		}
		p.want(",")
	}
	if len(keys) == 1 {
		return keys[0]
	}
	return &listExpr{items: keys, tuple: true}
}

// filterExpr reads filters, tests and calls after them.
func (p *parser) filterExpr(x expr) expr {
	for {
		switch {
		case p.is("|"):
			x = p.filters(x, false)
		case p.isName("is"):
			x = p.test(x)
		case p.is("("):
			x = &callExpr{p.peek().line, x, p.args()}
		default:
			return x
		}
	}
}

// filters reads filters on x; the first one without its bar if bare is set.
func (p *parser) filters(x expr, bare bool) expr {
	for bare || p.skip("|") {
		bare = false
		f := &filterExpr{line: p.peek().line, x: x, name: p.name()}
		for p.skip(".") {
			f.name += "." + p.name()
		}
		if p.is("(") {
			f.args = p.args()
		}
		x = f
	}
	return x
}

func (p *parser) test(x expr) expr {
	t := &testExpr{line: p.next().line, x: x}
	negated := p.skipName("not")
	t.name = p.name()
	switch next := p.peek(); {
	case p.is("("):
		t.args = p.args()
	case next.kind == nameToken && !p.isName("else", "or", "and", "if", "in", "not", "recursive"), next.kind == stringToken,
		next.kind == intToken, next.kind == floatToken, p.is("["), p.is("{"):
		if p.isName("is") {
			p.fail("tests cannot be chained with is")
		}
		t.args.pos = []expr{p.postfix(p.primary())}
	}
	if negated {
		return &notExpr{t}
	}
	return t
}

// args reads the arguments of a call with their brackets.
func (p *parser) args() (a argList) {
	p.want("(")
	for first := true; !p.skip(")"); first = false {
		if !first {
			p.want(",")
			if p.skip(")") {
				return a
			}
		}
		switch {
		case p.skip("**"):
			a.dict = p.expression()
		case p.skip("*"):
			a.list = p.expression()
		case p.peek().kind == nameToken && p.tokens[p.at+1].kind == operatorToken && p.tokens[p.at+1].text == "=":
			a.names = append(a.names, p.name())
			p.at++
			a.named = append(a.named, p.expression())
		default:
			if a.names != nil || a.list != nil || a.dict != nil {
				p.fail("an argument without a name behind one with a name")
			}
			a.pos = append(a.pos, p.expression())
		}
	}
	return a
}
