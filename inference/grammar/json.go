package grammar

// maxIndent is how many spaces or tabs a line may begin with.
const maxIndent = 20

// maxDigits bounds the digits of a number before and behind its point.
const maxDigits = 20

// JSON is the form of one JSON object.
func JSON() *Grammar {
	g, err := build(func(b *builder, from int32) (int32, error) {
		return b.call(b.space(from), b.anyObject()), nil
	})
	if err != nil { // TestJSON builds it
		panic(err)
	}
	return g
}

// space reads white space: none, a space, or up to two line breaks and the
// indentation behind them.
func (b *builder) space(from int32) int32 {
	return b.call(from, b.once("space", func(from int32) int32 {
		end := b.node()
		b.free(from, end)
		b.link(from, ' ', ' ', end)
		line := b.oneOf(from, '\n', '\n')
		carriage := b.oneOf(from, '\r', '\r')
		b.link(carriage, '\n', '\n', line)
		second := b.oneOf(line, '\n', '\n')
		b.free(line, second)
		at := second
		for range maxIndent {
			b.free(at, end)
			next := b.oneOf(at, ' ', ' ')
			b.link(at, '\t', '\t', next)
			at = next
		}
		b.free(at, end)
		return end
	}))
}

// string reads a string with its quotes. Every character may be escaped.
func (b *builder) string(from int32) int32 {
	return b.call(from, b.once("string", func(from int32) int32 {
		return b.text(b.freeString(b.text(from, `"`)), `"`)
	}))
}

// freeString reads the inside of a string.
func (b *builder) freeString(from int32) int32 {
	body := b.node()
	b.free(from, body)
	b.characters(body, body)
	escape := b.oneOf(body, '\\', '\\')
	for _, c := range []byte(`"\/bfnrt`) {
		b.link(escape, c, c, body)
	}
	u := b.oneOf(escape, 'u', 'u')
	// All but the halves of pairs, and then those as a pair: D8xx-DBxx, DCxx-DFxx.
	three := b.hex(b.oneHex(u, "0123456789abcefABCEF"), 3)
	b.free(three, body)
	d := b.node()
	b.link(u, 'd', 'd', d)
	b.link(u, 'D', 'D', d)
	b.free(b.hex(b.oneHex(d, "01234567"), 2), body)
	low := b.text(b.hex(b.oneHex(d, "89abAB"), 2), `\u`)
	lowD := b.node()
	b.link(low, 'd', 'd', lowD)
	b.link(low, 'D', 'D', lowD)
	b.free(b.hex(b.oneHex(lowD, "cdefCDEF"), 2), body)
	return body
}

// characters reads one character that needs no escape.
func (b *builder) characters(from, to int32) {
	for _, r := range [][2]rune{{' ', '!'}, {'#', '['}, {']', 0x10FFFF}} {
		b.runes(from, to, r[0], r[1])
	}
}

func (b *builder) oneHex(from int32, digits string) int32 {
	to := b.node()
	for i := range len(digits) {
		b.link(from, digits[i], digits[i], to)
	}
	return to
}

func (b *builder) hex(from int32, n int) int32 {
	for range n {
		from = b.oneHex(from, "0123456789abcdefABCDEF")
	}
	return from
}

// anyValue is the rule of a JSON value.
func (b *builder) anyValue() int32 {
	if i, ok := b.shared["value"]; ok {
		return i
	}
	i, r := b.rule()
	b.shared["value"] = i // before what it is made of, which has it in it
	to := b.any(r.start,
		func(n int32) int32 { return b.call(n, b.anyObject()) },
		func(n int32) int32 { return b.array(n, i, 0, -1) },
		b.string,
		b.number,
		func(n int32) int32 { return b.text(n, "true") },
		func(n int32) int32 { return b.text(n, "false") },
		func(n int32) int32 { return b.text(n, "null") },
	)
	b.free(to, r.end)
	return i
}

// anyObject is the rule of an object with any members.
func (b *builder) anyObject() int32 {
	if i, ok := b.shared["object"]; ok {
		return i
	}
	i, r := b.rule()
	b.shared["object"] = i
	b.free(b.object(r.start, nil, b.string, b.anyValue()), r.end)
	return i
}

// property is a member of an object that has a name.
type property struct {
	name     string
	rule     int32
	required bool
}

// none instead of a rule.
const none = -1

// object reads an object with these properties in this order, and others behind
// them that have a key by more and a value by the rule rest, which may be none.
func (b *builder) object(from int32, properties []property, more func(from int32) int32, rest int32) int32 {
	first := b.space(b.text(from, "{")) // nothing is written yet
	next := b.node()                    // something is
	comma := func(from, to int32) { b.free(b.space(b.text(b.space(from), ",")), to) }
	for _, p := range properties {
		key, after := b.node(), b.node()
		b.free(first, key)
		comma(next, key)
		colon := b.space(b.text(b.space(b.text(key, quote(p.name))), ":"))
		b.free(b.call(colon, p.rule), after)
		skipped := b.node()
		if !p.required {
			b.free(first, skipped)
			b.free(next, after)
		}
		first, next = skipped, after
	}
	if rest != none {
		key := b.node()
		b.free(first, key)
		comma(next, key)
		colon := b.space(b.text(b.space(more(key)), ":"))
		b.free(b.call(colon, rest), next)
	}
	end := b.node()
	b.link(first, '}', '}', end)
	b.link(b.space(next), '}', '}', end)
	return end
}

// array reads a list of least to most values of a rule; most is -1 for no bound.
func (b *builder) array(from, item int32, least, most int) int32 {
	end := b.node()
	open := b.space(b.text(from, "["))
	if least == 0 {
		b.link(open, ']', ']', end)
	}
	if most == 0 {
		return end
	}
	at := b.call(open, item)
	for n := 1; ; n++ {
		if n >= least {
			b.link(b.space(at), ']', ']', end)
		}
		if n == most {
			return end
		}
		value := b.space(b.text(b.space(at), ","))
		if most < 0 && n >= least {
			b.free(b.call(value, item), at)
			return end
		}
		at = b.call(value, item)
	}
}

// number reads any number that float64 holds.
func (b *builder) number(from int32) int32 {
	return b.call(from, b.once("number", func(from int32) int32 {
		end := b.node()
		whole := b.wholeNumber(from)
		b.free(whole, end)
		fraction := b.digits(b.text(whole, "."), 1, maxDigits)
		b.free(fraction, end)
		exponent := b.node()
		for _, n := range []int32{whole, fraction} {
			b.link(n, 'e', 'e', exponent)
			b.link(n, 'E', 'E', exponent)
		}
		signed := b.node()
		b.free(exponent, signed)
		b.link(exponent, '+', '+', signed)
		b.link(exponent, '-', '-', signed)
		// Up to 279: 10^20 of it is below the largest float64.
		b.free(b.digits(signed, 1, 2), end)
		b.free(b.digits(b.oneOf(signed, '1', '1'), 2, 2), end)
		b.free(b.digits(b.oneOf(b.oneOf(signed, '2', '2'), '0', '7'), 1, 1), end)
		return end
	}))
}

// integer reads a number without point and exponent.
func (b *builder) integer(from int32) int32 {
	return b.call(from, b.once("integer", b.wholeNumber))
}

func (b *builder) wholeNumber(from int32) int32 {
	unsigned, end := b.oneOf(from, '-', '-'), b.node()
	b.free(from, unsigned)
	b.link(unsigned, '0', '0', end)
	b.free(b.digits(b.oneOf(unsigned, '1', '9'), 0, maxDigits-1), end)
	return end
}

// digits reads least to most digits.
func (b *builder) digits(from int32, least, most int) int32 {
	end := b.node()
	for n := range most + 1 {
		if n >= least {
			b.free(from, end)
		}
		if n < most {
			from = b.oneOf(from, '0', '9')
		}
	}
	return end
}
