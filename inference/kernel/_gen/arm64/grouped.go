package main

import "fmt"

// The kernels of group-scaled matrices: see the layout in package ternary. A line is 128
// bytes of codes: a word of 32 bits, 16 columns, of each of the 32 rows of a band. Four
// rows fill a register; a pass through a group takes some of the registers of a line. The
// activations of 16 columns are 16 bytes for each plane, four for each field of the codes.
const (
	bandRows  = 32
	lineBytes = 4 * bandRows
)

func fix(planes int) {
	function(fmt.Sprintf("fix%dNEON", planes), "q *int8, stride int, x *float32, pieces int, inv float32", "int32",
		fmt.Sprintf("is fixGeneric of %d planes and pieces ≥ 1 pieces of 16 columns.", planes))
	q, stride, x, n, p := param("q"), param("stride"), param("x"), param("pieces"), newGP()
	inv, bias := broadcast("inv"), constant(0x8080>>(8*(3-planes))) // makes the bytes below the highest signed
	v, sum, out := newVecs(4), newVecs(4), newVec()
	order := newVecs(planes)
	op("MOVD $fixOrder<>(SB), %v", p)
	load(p, 0, order[0])
	one := bytes(1)
	for i := 1; i < planes; i++ {
		op("VADD %v.B16, %v.B16, %v.B16", one, order[i-1], order[i])
	}
	zero(sum...)
	loop("piece", n, func() {
		op("VLD1.P 64(%v), %s", x, list("S4", v...))
		for j, v := range v { // columns 4j to 4j+3
			fmul(v, inv, v)
			fcvtns(v, v)
			add(v, sum[j], sum[j])
			add(v, bias, v)
			op("VEOR %v.B16, %v.B16, %v.B16", bias, v, v)
		}
		for i, order := range order {
			op("VTBL %v.B16, %s, %v.B16", order, list("B16", v...), out)
			store(q, 16*i, out)
		}
		op("ADD %v, %v, %v", stride, q, q)
	})
	add(sum[1], sum[0], sum[0])
	add(sum[3], sum[2], sum[2])
	add(sum[2], sum[0], sum[0])
	addv(sum[0], sum[0])
	op("FMOVS %s, ret+%d(FP)", sum[0].f(), arguments["ret"])
	ret()
}

// fixOrder is the table of the lowest bytes of columns 4j+k, in the order 4k+j.
func fixOrder() {
	asm.WriteString("\n")
	for half := range 2 {
		var v uint64
		for i := range 8 {
			k, j := 2*half+i/4, i%4
			v |= uint64(16*j+4*k) << (8 * i)
		}
		fmt.Fprintf(&asm, "DATA fixOrder<>+%d(SB)/8, $%#x\n", 8*half, v)
	}
	asm.WriteString("GLOBL fixOrder<>(SB), RODATA|NOPTR, $16\n")
}

// grouped is a form of the kernels: with SDOT a sum is one register of 32 bits, without
// it two of 16 bits, which hold the 32·3·128 of a group.
type grouped struct {
	dot    bool
	planes int
	rows   int // registers of rows in a pass
}

func (g grouped) name(what string) string {
	if g.dot {
		return fmt.Sprintf("grouped%s%dDot", what, g.planes)
	}
	return fmt.Sprintf("grouped%s%dNEON", what, g.planes)
}

func (g grouped) parts() int {
	if g.dot {
		return 1
	}
	return 2
}

// sums gives registers to [rows][token][plane][part].
func (g grouped) sums(tokens int) (s [][][][]vec) {
	for range g.rows {
		var row [][][]vec
		for range tokens {
			var planes [][]vec
			for range g.planes {
				planes = append(planes, newVecs(g.parts()))
			}
			row = append(row, planes)
		}
		s = append(s, row)
	}
	return s
}

// line adds the products of 16 columns: code puts field k of register r into c. act holds
// the activations, [token][plane]; c is one register with SDOT, else one for each r.
func (g grouped) line(code func(k, r int, c vec), c []vec, act [][]vec, copies vec, s [][][][]vec) {
	for k := range 4 {
		if g.dot {
			for r := range s {
				code(k, r, c[0])
				for t := range act {
					for p, a := range act[t] {
						sdotElement(c[0], a, k, s[r][t][p][0])
					}
				}
			}
			continue
		}
		for r := range s {
			code(k, r, c[r])
		}
		for t := range act {
			for p, a := range act[t] {
				op("VDUP %v.S[%d], %v.S4", a, k, copies)
				for r := range s {
					smlalB(c[r], copies, s[r][t][p][0])
					smlal2B(c[r], copies, s[r][t][p][1])
				}
			}
		}
	}
}

// scales loads the scales of the rows of a pass and moves p past them.
func (g grouped) scales(name string, wide, p gp, d []vec) {
	op("CBNZ %v, wide%s", wide, name)
	for i := 0; i < len(d); i += 2 {
		load(p, 8*i, d[i+1])
		fcvtlH(d[i+1], d[i])
		fcvtl2H(d[i+1], d[i+1])
	}
	advance(8*len(d), p)
	op("B scaled%s", name)
	label("wide" + name)
	load(p, 0, d...)
	advance(16*len(d), p)
	label("scaled" + name)
}

// finish adds the float terms of a token to its results at y.
func (g grouped) finish(name string, y, scale gp, token int, s [][][][]vec, d []vec, t [2]vec, o *outliers) {
	fill := func(offset int) {
		op("FMOVS %d(%v), %s", offset, scale, t[0].f())
		op("VDUP %v.S[0], %v.S4", t[0], t[0])
	}
	whole := make([]vec, len(s))
	for r := range s {
		planes := s[r][token]
		if !g.dot {
			for _, part := range planes {
				saddlp(part[0], part[0])
				saddlp(part[1], part[1])
				addp(part[0], part[1], part[0])
			}
		}
		v := planes[len(planes)-1][0]
		for p := len(planes) - 2; p >= 0; p-- {
			op("VSHL $8, %v.S4, %v.S4", v, v)
			add(planes[p][0], v, v)
		}
		whole[r] = v
	}
	if g.planes == 2 {
		o.add(fmt.Sprintf("%s%c", name, 'a'+token), g.dot, scale, token, s, whole, t)
	}
	fill(scaleBytes*token + minusAt)
	for _, v := range whole {
		add(t[0], v, v)
		scvtf(v, v)
	}
	fill(scaleBytes * token)
	for r, v := range whole {
		fmul(v, t[0], v)
		fmul(v, d[r], v)
		load(y, 16*r, t[1])
		fadd(t[1], v, v)
		store(y, 16*r, v)
	}
}

// passes emits the passes through a group; the codes of a line are lineBytes·fields bytes.
func (g grouped) passes(name string, n, fields int, codes, q, pass, from, act, lines gp, s [][][][]vec, a [][]vec, line, end func()) {
	op("MOVD $%d, %v", 8/g.rows, pass)
	loop("pass"+name, pass, func() {
		op("MOVD %v, %v", codes, from)
		op("MOVD %v, %v", q, act)
		for _, row := range s {
			for _, planes := range row {
				for _, part := range planes {
					zero(part...)
				}
			}
		}
		reload("halves", lines)
		op("LSL $2, %v, %v", lines, lines)
		loop("line"+name, lines, func() {
			for t := range a {
				load(act, 16*g.planes*t, a[t]...)
			}
			advance(16*g.planes*n, act)
			line()
			advance(lineBytes*fields, from)
		})
		end()
		advance(16*g.rows, codes)
	})
	op("SUB $%d, %v, %v", lineBytes-16*g.rows, from, codes) // the next group
	op("MOVD %v, %v", act, q)
}

// vector emits the product with one row of activations: the codes are unpacked in
// registers.
func (g grouped) vector() {
	function(g.name("Vec"), "y *float32, data *byte, scales *byte, wide int, q *int8, scale *byte, outliers *byte, bands int, groups int, halves int", "",
		"stores the 32 results of each of bands ≥ 1 bands in y. A group has 64·halves columns; scales are float32 where wide is not 0.")
	y, data, scales, wide, bands := param("y"), param("data"), param("scales"), param("wide"), param("bands")
	q, scale, groups, to := newGP(), newGP(), newGP(), newGP()
	pass, from, act, lines := newGP(), newGP(), newGP(), newGP()
	s, w, c := g.sums(1), newVecs(g.rows), newVecs(g.rows)
	if g.dot {
		c = c[:1]
	}
	a, copies, low := [][]vec{newVecs(g.planes)}, newVec(), bytes(3)
	o := newOutliers(data)
	o.code, o.packed, o.low = c[0], true, low
	loop("band", bands, func() {
		zero(w[0], w[1])
		for i := range 4 {
			store(y, 32*i, w[0], w[1])
		}
		reload("q", q)
		reload("scale", scale)
		reload("groups", groups)
		loop("group", groups, func() {
			op("MOVD %v, %v", y, to)
			g.passes("", 1, 1, data, q, pass, from, act, lines, s, a, func() {
				load(from, 0, w...)
				g.line(func(k, r int, c vec) {
					switch k {
					case 0:
						and(w[r], low, c)
					case 3:
						ushr(6, w[r], c)
					default:
						ushr(2*k, w[r], c)
						and(c, low, c)
					}
				}, c, a, copies, s)
			}, func() {
				g.scales("", wide, scales, w)
				g.finish("", to, scale, 0, s, w, [2]vec{copies, a[0][0]}, o)
				advance(16*g.rows, to)
			})
			advance(scaleBytes, scale)
		})
		advance(lineBytes, y)
	})
	ret()
}

// tile emits the product of a tile of rows of activations with a band whose codes are
// unpacked.
func (g grouped) tile(most int) {
	function(g.name("Tile"), "y *float32, stride int, codes *byte, scales *byte, wide int, q *int8, scale *byte, outliers *byte, groups int, halves int, tokens int", "",
		fmt.Sprintf("adds the products of groups groups of a band to tokens rows of y, stride bytes apart. codes is what unpackGroupedNEON stores. 1 ≤ tokens ≤ %d.", most))
	y, stride, codes, scales, wide := param("y"), param("stride"), param("codes"), param("scales"), param("wide")
	q, scale, groups, tokens, to := param("q"), param("scale"), param("groups"), param("tokens"), newGP()
	pass, from, act, lines := newGP(), newGP(), newGP(), newGP()
	o := newOutliers(codes)
	first := nextVec
	for n := most; n >= 1; n-- {
		nextVec = first
		label(numbered("tokens", n))
		if n > 1 {
			op("CMP $%d, %v", n, tokens)
			op("BNE %s", numbered("tokens", n-1))
		}
		s, all := g.sums(n), newVecs(6) // activations, then what finish needs
		c, copies := newVecs(1), all[5]
		o.code = c[0]
		if !g.dot {
			c = append(c, newVecs(g.rows-1)...)
			copies = newVec()
		}
		var a [][]vec
		for t := range n {
			a = append(a, all[t*g.planes:][:g.planes])
		}
		name := fmt.Sprint(n)
		loop(numbered("group", n), groups, func() {
			op("MOVD %v, %v", y, to)
			g.passes(name, n, 4, codes, q, pass, from, act, lines, s, a, func() {
				g.line(func(k, r int, c vec) { load(from, lineBytes*k+16*r, c) }, c, a, copies, s)
			}, func() {
				g.scales(name, wide, scales, all[:g.rows])
				op("MOVD %v, %v", to, lines) // which is free now
				for t := range n {
					g.finish(name, lines, scale, t, s, all[:g.rows], [2]vec{all[4], all[5]}, o)
					if t < n-1 {
						op("ADD %v, %v, %v", stride, lines, lines)
					}
				}
				advance(16*g.rows, to)
			})
			advance(scaleBytes*n, scale)
		})
		ret()
	}
}

func unpackGrouped() {
	function("unpackGroupedNEON", "dst *byte, src *byte, lines int", "",
		"unpacks lines ≥ 1 lines of 128 bytes into the codes of their four fields in turn, 512 bytes.")
	dst, src, n := param("dst"), param("src"), param("lines")
	low, w, c := bytes(3), newVecs(8), newVecs(8)
	loop("line", n, func() {
		load(src, 0, w...)
		for k := range 4 {
			for r := range w {
				switch k {
				case 0:
					and(w[r], low, c[r])
				case 3:
					ushr(6, w[r], c[r])
				default:
					ushr(2*k, w[r], c[r])
					and(c[r], low, c[r])
				}
			}
			store(dst, lineBytes*k, c...)
		}
		advance(lineBytes, src)
		advance(4*lineBytes, dst)
	})
	ret()
}
