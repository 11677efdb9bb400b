package main

// hadamardFirst emits the distances below 32 of the Walsh-Hadamard transform.
func hadamardFirst() {
	const n = 32
	function("hadamardFirstNEON", "x *float32, signs *float32, n int", "",
		"multiplies n values, a positive multiple of 32, by signs where that is not nil, and transforms blocks of 32.")
	x, signs, count := param("x"), param("signs"), param("n")
	v, e, o := newVecs(8), newVecs(8), newVec()
	op("LSR $5, %v, %v", count, count)
	loop("block", count, func() {
		load(x, 0, v...)
		op("CBZ %v, unsigned", signs)
		load(signs, 0, e...)
		for i := range v {
			fmul(v[i], e[i], v[i])
		}
		advance(4*n, signs)
		label("unsigned")
		for i := 0; i < len(v); i += 2 { // neighbours' even and odd values, twice
			a, b := v[i], v[i+1]
			for range 2 {
				uzp(a, b, e[0], o)
				fadd(e[0], o, a)
				fsub(e[0], o, b)
			}
			uzp(a, b, e[0], o)
			mov(e[0], a)
			mov(o, b)
		}
		at := butterflies(v, e)
		for i, r := range at {
			op("FMOVQ %s, %d(%v)", r.f(), 16*i, x)
		}
		advance(4*n, x)
	})
	ret()
}

// uzp stores the even elements of a and b in e, the odd ones in o.
func uzp(a, b, e, o vec) {
	op("VUZP1 %v.S4, %v.S4, %v.S4", b, a, e)
	op("VUZP2 %v.S4, %v.S4, %v.S4", b, a, o)
}

// butterflies adds and subtracts registers at all distances; it uses as many others, and
// returns where the results are.
func butterflies(v, other []vec) []vec {
	for d := 1; d < len(v); d *= 2 {
		for i := range v {
			if i&d == 0 {
				fadd(v[i], v[i+d], other[i])
				fsub(v[i], v[i+d], other[i+d])
			}
		}
		v, other = other, v
	}
	return v
}

// hadamardRest emits the other distances, three in a pass over a block.
func hadamardRest() {
	function("hadamardRestNEON", "x *float32, n int, from int", "",
		"adds and subtracts values at the distances from, 2·from … n/2. from is at least 32, n larger.")
	x, n, step, end, far := param("x"), param("n"), param("from"), newGP(), newGP()
	count, p := newGP(), make([]gp, 8)
	for i := range p {
		p[i] = newGP()
	}
	op("LSL $2, %v, %v", n, n) // bytes from here on
	op("LSL $2, %v, %v", step, step)
	op("ADD %v, %v, %v", x, n, end)
	v, other := newVecs(8), newVecs(8)
	for _, radix := range []int{8, 4, 2} {
		name := func(s string) string { return numbered(s, radix) }
		label(name("radix"))
		op("LSL $%d, %v, %v", map[int]int{8: 3, 4: 2, 2: 1}[radix], step, far)
		op("CMP %v, %v", n, far)
		op("BHI %s", numbered("radix", radix/2))
		op("MOVD %v, %v", x, p[0])
		label(name("group"))
		for i := 1; i < radix; i++ {
			op("ADD %v, %v, %v", step, p[i-1], p[i])
		}
		op("LSR $4, %v, %v", step, count)
		loop(name("next"), count, func() {
			for i := range radix {
				load(p[i], 0, v[i])
			}
			for i, r := range butterflies(v[:radix], other[:radix]) {
				op("FMOVQ.P %s, 16(%v)", r.f(), p[i])
			}
		})
		op("MOVD %v, %v", p[radix-1], p[0])
		op("CMP %v, %v", end, p[0])
		op("BLO %s", name("group"))
		op("MOVD %v, %v", far, step)
		op("B %s", name("radix"))
	}
	label("radix1")
	ret()
}

// deltaStep emits the gated delta rule for one token, 32 columns of the state at a time.
func deltaStep() {
	const vectors, width = 8, 4 * 32
	function("deltaStepNEON", "out *float32, state *float32, k *float32, q *float32, v *float32, rows int, chunks int, stride int, decay float32, step float32, kq float32", "",
		"is deltaStepGeneric for chunks ≥ 1 times 32 columns of rows ≥ 1 rows, stride bytes apart.")
	out, state, k, q, v := param("out"), param("state"), param("k"), param("q"), param("v")
	rows, chunks, stride := param("rows"), param("chunks"), param("stride")
	s, kp, left := newGP(), newGP(), newGP()
	decay, step, kq := broadcast("decay"), broadcast("step"), broadcast("kq")
	seen, read := newVecs(vectors), newVecs(vectors)
	bk, bq, a, b := newVec(), newVec(), newVecs(2), newVecs(2)
	each := func(name string, body func(i int)) {
		op("MOVD %v, %v", state, s)
		op("MOVD %v, %v", k, kp)
		op("MOVD %v, %v", rows, left)
		loop(name, left, func() {
			op("VLD1R.P 4(%v), [%v.S4]", kp, bk)
			if name == "product" {
				op("VLD1R.P 4(%v), [%v.S4]", q, bq)
			}
			for i := 0; i < vectors; i += 2 {
				load(s, 16*i, a...)
				body(i)
			}
			op("ADD %v, %v, %v", stride, s, s)
		})
	}
	label("chunk")
	zero(append(seen, read...)...)
	each("product", func(i int) {
		for j, a := range a {
			fmul(a, bk, b[0])
			fadd(seen[i+j], b[0], seen[i+j])
			fmul(a, bq, b[1])
			fadd(read[i+j], b[1], read[i+j])
		}
	})
	reload("q", q)
	for i := range seen { // seen becomes u
		load(v, 16*i, a[0])
		fmul(seen[i], decay, seen[i])
		fsub(a[0], seen[i], seen[i])
		fmul(seen[i], step, seen[i])
		fmul(read[i], decay, read[i])
		fmul(seen[i], kq, a[0])
		fadd(read[i], a[0], a[0])
		store(out, 16*i, a[0])
	}
	each("update", func(i int) {
		for j, a := range a {
			fmul(a, decay, a)
			fmul(seen[i+j], bk, b[j])
			fadd(a, b[j], b[j])
		}
		store(s, 16*i, b...)
	})
	advance(width, state, v, out)
	op("SUB $1, %v, %v", chunks, chunks)
	op("CBNZ %v, chunk", chunks)
	ret()
}

// convolve goes from the last token to the first, so that the inputs are still there.
func convolve() {
	function("convolveAsm", "x *float32, stride int, w *float32, n int, taps int, tokens int", "",
		"replaces the last of taps rows of n values, a positive multiple of 8, stride bytes apart, by silu of Σ w[i]·x[i]; then likewise one row earlier, tokens ≥ 1 times.")
	x, stride, w, n, tokens := param("x"), param("stride"), param("w"), param("n"), param("tokens")
	from, wp, count, in, wi, left, wide := newGP(), newGP(), newGP(), newGP(), newGP(), newGP(), newGP()
	table := newExp()
	one := table.terms[len(table.terms)-1]
	sum, a, b, temp := newVecs(2), newVecs(2), newVecs(2), newVecs(8)
	op("LSL $2, %v, %v", n, wide)
	loop("token", tokens, func() {
		op("MOVD %v, %v", x, from)
		op("MOVD %v, %v", w, wp)
		op("LSR $3, %v, %v", n, count)
		loop("next", count, func() {
			op("MOVD %v, %v", from, in)
			op("MOVD %v, %v", wp, wi)
			reload("taps", left)
			zero(sum...)
			loop("tap", left, func() {
				load(in, 0, a...)
				load(wi, 0, b...)
				for i := range sum {
					fmul(a[i], b[i], a[i])
					fadd(sum[i], a[i], sum[i])
				}
				op("ADD %v, %v, %v", stride, in, in)
				op("ADD %v, %v, %v", wide, wi, wi)
			})
			op("SUB %v, %v, %v", stride, in, in)
			for i := range a {
				fneg(sum[i], a[i])
				table.exp(a[i], temp[4*i:])
				fadd(a[i], one, a[i])
				fdiv(sum[i], a[i], a[i])
			}
			store(in, 0, a...)
			advance(32, from, wp)
		})
		op("SUB %v, %v, %v", stride, x, x)
	})
	ret()
}

func sigmoidMul() {
	function("sigmoidMulAsm", "y *float32, gate *float32, n int", "",
		"multiplies y by 1/(1+exp(-gate)). n is a positive multiple of 8.")
	y, gate, n := param("y"), param("gate"), param("n")
	table := newExp()
	one := table.terms[len(table.terms)-1]
	g, v, temp := newVecs(2), newVecs(2), newVecs(8)
	eights(n, func() {
		next(gate, g)
		load(y, 0, v...)
		for i := range v {
			fneg(g[i], g[i])
			table.exp(g[i], temp[4*i:])
			fadd(g[i], one, g[i])
			fdiv(v[i], g[i], v[i])
		}
		put(y, v)
	})
	ret()
}
