package grammar

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// decimal is a number as it is written without exponent.
type decimal struct {
	negative    bool
	whole, part string // digits before and behind the point, without those that say nothing
}

// maxExponent bounds the zeros that an exponent stands for.
const maxExponent = 400

// parseDecimal reads a number of JSON.
func parseDecimal(n json.Number) (decimal, error) {
	var d decimal
	s := string(n)
	s, d.negative = strings.CutPrefix(s, "-")
	s, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	d.whole, d.part, _ = strings.Cut(s, ".")
	if exponent != "" {
		e, err := strconv.Atoi(exponent)
		if err != nil || e > maxExponent || e < -maxExponent {
			return d, fmt.Errorf("%w: the number %s is out of range", ErrSchema, n)
		}
		switch {
		case e > 0:
			d.part += strings.Repeat("0", max(0, e-len(d.part)))
			d.whole, d.part = d.whole+d.part[:e], d.part[e:]
		case e < 0:
			d.whole = strings.Repeat("0", max(0, -e-len(d.whole))) + d.whole
			d.whole, d.part = d.whole[:len(d.whole)+e], d.whole[len(d.whole)+e:]+d.part
		}
	}
	if d.whole = strings.TrimLeft(d.whole, "0"); d.whole == "" {
		d.whole = "0"
	}
	d.part = strings.TrimRight(d.part, "0")
	d.negative = d.negative && !d.zero()
	return d, nil
}

func (d decimal) zero() bool { return d.whole == "0" && d.part == "" }

// limit is a bound of a number.
type limit struct {
	decimal
	open bool // the number itself is out
}

// compare orders two limits by their numbers.
func (l *limit) compare(o *limit) int {
	if l.negative != o.negative {
		if l.negative {
			return -1
		}
		return 1
	}
	c := len(l.whole) - len(o.whole)
	if c == 0 {
		c = strings.Compare(l.whole, o.whole)
	}
	if c == 0 {
		c = strings.Compare(l.part, o.part)
	}
	if l.negative {
		return -c
	}
	return c
}

// numbers are the numbers between two limits; either may be nil.
type numbers struct {
	low, high *limit
	integer   bool
	// The multiples of mod·10^-scale, where mod is not 0.
	mod, scale int
}

// maxMod bounds the mod of multiples: each digit has as many states.
const maxMod = 4096

// decimals reads a number, without exponent.
func (b *builder) decimals(from int32, n numbers) int32 {
	end := b.node()
	zero := &limit{decimal: decimal{whole: "0"}}
	flip := func(l *limit) *limit {
		if l == nil {
			return nil
		}
		f := *l
		f.negative = false
		return &f
	}
	if n.high == nil || !n.high.negative {
		m := magnitudes{numbers: n, b: b, end: end, nodes: map[place]int32{}}
		if m.low == nil || m.low.negative {
			m.low = zero
		}
		m.start(from)
	}
	if n.low == nil || n.low.negative {
		m := magnitudes{numbers: n, b: b, end: end, nodes: map[place]int32{}}
		m.high = flip(n.low)
		switch {
		case n.high == nil || !n.high.negative && !n.high.zero():
			m.low = zero
		default:
			m.low = flip(n.high)
		}
		m.start(b.text(from, "-"))
	}
	return end
}

// magnitudes builds numbers without a sign, digit by digit: a place knows whether
// the digits so far are those of a limit, and what they leave by mod.
type magnitudes struct {
	numbers
	b     *builder
	end   int32
	nodes map[place]int32
}

type place struct {
	left      int // digits to come before the point
	part      int // digits behind the point so far; -1 before the point
	low, high bool
	rest      int
}

// start reads a number with any count of digits before the point.
func (m *magnitudes) start(from int32) {
	most := maxDigits
	if m.high != nil {
		most = min(most, len(m.high.whole))
	}
	for n := len(m.low.whole); n <= most; n++ {
		p := place{left: n, part: -1, low: n == len(m.low.whole), high: m.high != nil && n == len(m.high.whole)}
		for c := byte('0'); c <= '9'; c++ {
			if c > '0' || n == 1 {
				m.digit(from, p, c, at(m.low.whole, 0), m.highDigit(false, 0))
			}
		}
	}
}

// at is a digit of a limit, which go on with zeros.
func at(digits string, i int) byte {
	if i < len(digits) {
		return digits[i]
	}
	return '0'
}

func (m *magnitudes) highDigit(part bool, i int) byte {
	switch {
	case m.high == nil:
		return '9'
	case part:
		return at(m.high.part, i)
	}
	return at(m.high.whole, i)
}

// digit leads from a node by c, where the limits have low and high.
func (m *magnitudes) digit(from int32, p place, c, low, high byte) {
	if p.low && c < low || p.high && c > high {
		return
	}
	p.low, p.high = p.low && c == low, p.high && c == high
	if p.part < 0 {
		p.left--
	} else {
		p.part++
	}
	if m.mod > 0 {
		p.rest = (p.rest*10 + int(c-'0')) % m.mod
	}
	m.b.link(from, c, c, m.visit(p))
}

func (m *magnitudes) visit(p place) int32 {
	if n, ok := m.nodes[p]; ok {
		return n
	}
	n := m.b.node()
	m.nodes[p] = n
	if p.left > 0 {
		for c := byte('0'); c <= '9'; c++ {
			i := len(m.low.whole) - p.left
			j := 0
			if m.high != nil {
				j = len(m.high.whole) - p.left
			}
			m.digit(n, p, c, at(m.low.whole, max(0, i)), m.highDigit(false, max(0, j)))
		}
		return n
	}
	if m.stops(p) {
		m.b.free(n, m.end)
	}
	most := maxDigits
	if m.mod > 0 {
		most = m.scale
	} else {
		most = max(most, len(m.low.part))
		if m.high != nil {
			most = max(most, len(m.high.part))
		}
	}
	if m.integer || p.part >= most || p.part < 0 && most == 0 {
		return n
	}
	at0 := n
	if p.part < 0 {
		at0, p.part = m.b.text(n, "."), 0
	}
	for c := byte('0'); c <= '9'; c++ {
		m.digit(at0, p, c, at(m.low.part, p.part), m.highDigit(true, p.part))
	}
	return n
}

// stops reports whether the number may end.
func (m *magnitudes) stops(p place) bool {
	part := max(0, p.part)
	left := func(l *limit) bool { return part < len(l.part) } // it has digits more, the last of them not 0
	if p.low && (left(m.low) || m.low.open) || p.high && !left(m.high) && m.high.open {
		return false
	}
	rest := p.rest
	if m.mod > 0 {
		for range m.scale - part {
			rest = rest * 10 % m.mod
		}
	}
	return rest == 0
}
