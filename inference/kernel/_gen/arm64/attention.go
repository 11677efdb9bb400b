package main

// Attention over keys and values of 8 bits with a scale each, for one query, of 16 bits. Rows
// have a multiple of 16 values.

// quantize16 emits the rounding of a query.
func quantize16() {
	function("quantize16Asm", "q *int16, x *float32, n int, scale float32", "",
		"stores x·scale, rounded to nearest even, in q. n is a positive multiple of 16.")
	q, x, n := param("q"), param("x"), param("n")
	scale, v := broadcast("scale"), newVecs(4)
	op("LSR $4, %v, %v", n, n)
	loop("step", n, func() {
		load(x, 0, v...)
		for _, r := range v {
			fmul(r, scale, r)
			fcvtns(r, r)
		}
		for i := 0; i < 4; i += 2 {
			sqxtnS(v[i], v[i])
			sqxtn2S(v[i+1], v[i])
		}
		store(q, 0, v[0])
		store(q, 16, v[2])
		advance(64, x)
		advance(32, q)
	})
	ret()
}

// scores8 emits the scores: sums of integers.
func scores8() {
	function("scores8NEON", "y *float32, x *int16, k *int8, scales *float32, rows int, cols int, mul float32", "",
		"stores scales[r]·mul·(k[r]·x) in y, of rows ≥ 1 rows of cols values, a multiple of 16.")
	y, k, scales, rows, cols := param("y"), param("k"), param("scales"), param("rows"), param("cols")
	x, left := newGP(), newGP()
	others := []gp{newGP(), newGP(), newGP()}
	mul := broadcast("mul")
	a, q := newVecs(4), newVecs(2) // sums of each row; the query
	row, low, high := newVec(), newVec(), newVec()
	block := func(n int, next string) {
		label(numbered("rows", n))
		op("CMP $%d, %v", n, rows)
		op("BLT %s", next)
		from := append([]gp{k}, others...)[:n]
		for r := 1; r < n; r++ {
			op("ADD %v, %v, %v", cols, from[r-1], from[r])
		}
		reload("x", x)
		op("LSR $4, %v, %v", cols, left)
		zero(a[:n]...)
		loop(numbered("step", n), left, func() {
			load(x, 0, q...)
			for r, p := range from {
				load(p, 0, row)
				sxtl(row, low)
				sxtl2(row, high)
				smlalH(low, q[0], a[r])
				smlal2H(low, q[0], a[r])
				smlalH(high, q[1], a[r])
				smlal2H(high, q[1], a[r])
			}
			advance(32, x)
			advance(16, from...)
		})
		if n == 4 {
			addp(a[0], a[1], a[0])
			addp(a[2], a[3], a[2])
			addp(a[0], a[2], a[0])
			op("VLD1.P 16(%v), %s", scales, list("S4", row))
		} else {
			addp(a[0], a[0], a[0])
			addp(a[0], a[0], a[0])
			op("VLD1R.P 4(%v), %s", scales, list("S4", row))
		}
		scvtf(a[0], a[0])
		fmul(row, mul, row)
		fmul(a[0], row, a[0])
		if n == 4 {
			op("VST1.P %s, 16(%v)", list("S4", a[0]), y)
			op("MOVD %v, %v", from[3], k) // the end of the last row
		} else {
			op("FMOVS.P %s, 4(%v)", a[0].f(), y)
		}
		op("SUB $%d, %v, %v", n, rows, rows)
		op("B %s", numbered("rows", n))
	}
	block(4, "rows1")
	block(1, "done")
	label("done")
	ret()
}

// values8 emits the sums of values and weights of 16 bits, up to 64 columns at a time in
// registers.
func values8() {
	function("values8NEON", "out *float32, p *int16, v *int8, rows int, cols int, mul float32", "",
		"stores mul·Σ p[r]·v[r] of rows ≥ 1 rows of cols columns, a multiple of 16, in out.")
	out, v, cols := param("out"), param("v"), param("cols")
	p, rows, from, stride := newGP(), newGP(), newGP(), newGP()
	sums, weight, mul := newVecs(16), newVec(), broadcast("mul")
	row, low, high := newVec(), newVec(), newVec()
	op("MOVD %v, %v", cols, stride)
	columns := func(n int, next string) {
		label(numbered("columns", n))
		op("CMP $%d, %v", n, cols)
		op("BLT %s", next)
		acc := sums[:n/4]
		zero(acc...)
		reload("p", p)
		reload("rows", rows)
		op("MOVD %v, %v", v, from)
		loop(numbered("row", n), rows, func() {
			op("VLD1R.P 2(%v), %s", p, list("H8", weight))
			for c := 0; c < n; c += 16 {
				load(from, c, row)
				sxtl(row, low)
				sxtl2(row, high)
				smlalH(low, weight, acc[c/4])
				smlal2H(low, weight, acc[c/4+1])
				smlalH(high, weight, acc[c/4+2])
				smlal2H(high, weight, acc[c/4+3])
			}
			op("ADD %v, %v, %v", stride, from, from)
		})
		for _, a := range acc {
			scvtf(a, a)
			fmul(a, mul, a)
		}
		store(out, 0, acc...)
		advance(4*n, out)
		advance(n, v)
		op("SUB $%d, %v, %v", n, cols, cols)
		op("B %s", numbered("columns", n))
	}
	columns(64, "columns32")
	columns(32, "columns16")
	columns(16, "done")
	label("done")
	ret()
}
