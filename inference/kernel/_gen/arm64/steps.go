package main

import "math"

// eights emits a loop over n values, a positive multiple of 8.
func eights(n gp, body func()) {
	op("LSR $3, %v, %v", n, n)
	loop("next", n, body)
}

// next reads eight values and goes on; put stores them and goes on.
func next(p gp, v []vec) { op("FLDPQ.P 32(%v), (%s, %s)", p, v[0].f(), v[1].f()) }
func put(p gp, v []vec)  { op("FSTPQ.P (%s, %s), 32(%v)", v[0].f(), v[1].f(), p) }

// constants of exp.
type expTable struct {
	min, max, log2e, ln2Hi, ln2Lo, bias vec
	terms                               []vec
}

func newExp() expTable {
	t := expTable{
		min: float(-87.33654), max: float(88), log2e: float(math.Log2E),
		ln2Hi: float(0x1.63p-1), ln2Lo: float(math.Ln2 - 0x1.63p-1), bias: constant(127),
	}
	for _, c := range []float64{1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1} {
		t.terms = append(t.terms, float(c))
	}
	return t
}

// exp replaces x by e^x, like the function exp of the generic code but with
// fused steps. A NaN stays one. It needs four registers.
func (t expTable) exp(x vec, temp []vec) {
	drop, n, p, q := temp[0], temp[1], temp[2], temp[3]
	fcmgt(t.min, x, drop) // not for a NaN
	fmin(x, t.max, x)
	fmul(x, t.log2e, n)
	frintn(n, n)
	fmls(n, t.ln2Hi, x)
	fmls(n, t.ln2Lo, x)
	fcvtns(n, n)
	add(n, t.bias, n)
	op("VSHL $23, %v.S4, %v.S4", n, n)
	mov(t.terms[0], p)
	one := t.terms[len(t.terms)-1]
	for _, c := range append(t.terms[1:len(t.terms):len(t.terms)], one) {
		mov(c, q)
		fmla(p, x, q)
		p, q = q, p
	}
	fmul(n, p, x)
	bic(x, drop, x)
}

func maximum() {
	function("maxAsm", "x *float32, n int", "float32", "returns the largest x. n is a positive multiple of 8.")
	x, n := param("x"), param("n")
	m, v := newVecs(2), newVecs(2)
	load(x, 0, m...)
	eights(n, func() {
		next(x, v)
		for i := range v {
			fmax(v[i], m[i], m[i])
		}
	})
	fmax(m[0], m[1], m[0])
	fmaxv(m[0], m[0])
	op("FMOVS %s, ret+%d(FP)", m[0].f(), arguments["ret"])
	ret()
}

func expSum() {
	function("expSumAsm", "x *float32, n int, shift float32", "float32",
		"replaces x by exp(x-shift) and returns the sum. n is a positive multiple of 8.")
	x, n := param("x"), param("n")
	shift, table := broadcast("shift"), newExp()
	sum, v, temp := newVecs(2), newVecs(2), newVecs(8)
	zero(sum...)
	eights(n, func() {
		load(x, 0, v...)
		for i := range v {
			fsub(v[i], shift, v[i])
			table.exp(v[i], temp[4*i:])
			fadd(v[i], sum[i], sum[i])
		}
		put(x, v)
	})
	fadd(sum[0], sum[1], sum[0])
	faddp(sum[0], sum[0], sum[0])
	faddp(sum[0], sum[0], sum[0])
	op("FMOVS %s, ret+%d(FP)", sum[0].f(), arguments["ret"])
	ret()
}

func scale() {
	function("scaleAsm", "x *float32, n int, scale float32", "", "multiplies x by scale. n is a positive multiple of 8.")
	x, n := param("x"), param("n")
	by, v := broadcast("scale"), newVecs(2)
	eights(n, func() {
		load(x, 0, v...)
		for _, v := range v {
			fmul(v, by, v)
		}
		put(x, v)
	})
	ret()
}

func siluMul() {
	function("siluMulAsm", "y *float32, gate *float32, up *float32, n int", "",
		"stores gate/(1+exp(-gate))·up in y. n is a positive multiple of 8.")
	y, gate, up, n := param("y"), param("gate"), param("up"), param("n")
	table := newExp()
	one := table.terms[len(table.terms)-1]
	g, u, v, temp := newVecs(2), newVecs(2), newVecs(2), newVecs(8)
	eights(n, func() {
		next(gate, g)
		next(up, u)
		for i := range v {
			fneg(g[i], v[i])
			table.exp(v[i], temp[4*i:])
			fadd(v[i], one, v[i])
			fdiv(g[i], v[i], v[i])
			fmul(v[i], u[i], v[i])
		}
		put(y, v)
	})
	ret()
}

func sumSquares() {
	function("sumSquaresAsm", "x *float32, n int", "float64", "returns Σ x² in float64. n is a positive multiple of 8.")
	x, n := param("x"), param("n")
	sum, v, d := newVecs(4), newVecs(2), newVecs(4)
	zero(sum...)
	eights(n, func() {
		next(x, v)
		for i := range v {
			fcvtlS(v[i], d[2*i])
			fcvtl2S(v[i], d[2*i+1])
		}
		for i := range d { // the square of a float32 is exact
			op("VFMLA %v.D2, %v.D2, %v.D2", d[i], d[i], sum[i])
		}
	})
	faddD(sum[0], sum[1], sum[0])
	faddD(sum[2], sum[3], sum[2])
	faddD(sum[0], sum[2], sum[0])
	faddpD(sum[0], sum[0])
	op("FMOVD %s, ret+%d(FP)", sum[0].f(), arguments["ret"])
	ret()
}

func normalize() {
	function("normalizeAsm", "y *float32, x *float32, w *float32, n int, scale float32", "",
		"stores w·(x·scale) in y. n is a positive multiple of 8.")
	y, x, w, n := param("y"), param("x"), param("w"), param("n")
	by, v, f := broadcast("scale"), newVecs(2), newVecs(2)
	eights(n, func() {
		next(x, v)
		next(w, f)
		for i := range v {
			fmul(v[i], by, v[i])
			fmul(v[i], f[i], v[i])
		}
		put(y, v)
	})
	ret()
}

func relu2Mul() {
	function("relu2MulAsm", "y *float32, gate *float32, up *float32, n int", "",
		"stores max(gate,0)²·up in y. n is a positive multiple of 8.")
	y, gate, up, n := param("y"), param("gate"), param("up"), param("n")
	z, v, u := newVec(), newVecs(2), newVecs(2)
	zero(z)
	eights(n, func() {
		next(gate, v)
		next(up, u)
		for i := range v {
			fmax(v[i], z, v[i])
			fmul(v[i], v[i], v[i])
			fmul(v[i], u[i], v[i])
		}
		put(y, v)
	})
	ret()
}

func addTo() {
	function("addAsm", "y *float32, x *float32, n int", "", "adds x to y. n is a positive multiple of 8.")
	y, x, n := param("y"), param("x"), param("n")
	v, u := newVecs(2), newVecs(2)
	eights(n, func() {
		next(x, v)
		load(y, 0, u...)
		for i := range v {
			fadd(u[i], v[i], v[i])
		}
		put(y, v)
	})
	ret()
}

// turn stores a·c - b·s and b·c + a·s in a and b. No step is fused.
func turn(a, b, c, s vec, t []vec) {
	fmul(b, s, t[0])
	fmul(a, s, t[1])
	fmul(a, c, a)
	fmul(b, c, b)
	fsub(a, t[0], a)
	fadd(b, t[1], b)
}

func ropeHalf() {
	function("ropeHalfAsm", "lo *float32, hi *float32, cos *float32, sin *float32, n int", "",
		"turns the pairs (lo[j], hi[j]). n is a positive multiple of 8.")
	lo, hi, cos, sin, n := param("lo"), param("hi"), param("cos"), param("sin"), param("n")
	a, b, c, s, t := newVecs(2), newVecs(2), newVecs(2), newVecs(2), newVecs(2)
	eights(n, func() {
		load(lo, 0, a...)
		load(hi, 0, b...)
		next(cos, c)
		next(sin, s)
		for i := range a {
			turn(a[i], b[i], c[i], s[i], t)
		}
		put(lo, a)
		put(hi, b)
	})
	ret()
}

func ropeAdjacent() {
	function("ropeAdjacentAsm", "x *float32, cos *float32, sin *float32, n int", "",
		"turns the pairs (x[2j], x[2j+1]), n of them, a positive multiple of 8.")
	x, cos, sin, n := param("x"), param("cos"), param("sin"), param("n")
	v, c, s, t := newVecs(2), newVecs(2), newVecs(2), newVecs(2)
	eights(n, func() {
		next(cos, c)
		next(sin, s)
		for i := range c {
			op("VLD2 (%v), %s", x, list("S4", v...)) // takes the pairs apart
			turn(v[0], v[1], c[i], s[i], t)
			op("VST2.P %s, 32(%v)", list("S4", v...), x)
		}
	})
	ret()
}

func toF16() {
	function("toF16Asm", "dst *uint16, src *float32, n int", "", "rounds src to binary16. n is a positive multiple of 8.")
	dst, src, n := param("dst"), param("src"), param("n")
	v, h := newVecs(2), newVec()
	eights(n, func() {
		next(src, v)
		fcvtnH(v[0], h)
		fcvtn2H(v[1], h)
		op("VST1.P %s, 16(%v)", list("H8", h), dst)
	})
	ret()
}

func decode(name string, f format) {
	function(name, "dst *float32, src *byte, n int", "", "reads n values, a positive multiple of 8.")
	dst, src, n := param("dst"), param("src"), param("n")
	v := newVecs(2)
	eights(n, func() {
		f.load(src, 0, v...)
		advance(8<<f.shift, src)
		put(dst, v)
	})
	ret()
}

func readSum() {
	function("readSumNEON", "b *byte, n int", "uint64", "adds up 64-bit words. n is a positive multiple of 128.")
	b, n := param("b"), param("n")
	sum, v := newVecs(8), newVecs(8)
	zero(sum...)
	op("LSR $7, %v, %v", n, n)
	loop("next", n, func() {
		load(b, 0, v...)
		advance(128, b)
		for i := range v {
			op("VADD %v.D2, %v.D2, %v.D2", v[i], sum[i], sum[i])
		}
	})
	for d := 4; d > 0; d /= 2 {
		for i := range d {
			op("VADD %v.D2, %v.D2, %v.D2", sum[i+d], sum[i], sum[i])
		}
	}
	op("VADDP %v.D2, %v.D2, %v.D2", sum[0], sum[0], sum[0])
	op("FMOVD %s, ret+%d(FP)", sum[0].f(), arguments["ret"])
	ret()
}
