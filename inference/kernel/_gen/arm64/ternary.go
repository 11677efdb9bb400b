package main

func absMax() {
	function("absMaxNEON", "x *float32, n int", "uint32",
		"returns the largest of the bits of |x|. n is a positive multiple of 16.")
	x, n := param("x"), param("n")
	mask := constant(1<<31 - 1)
	m, v := newVecs(4), newVecs(4)
	zero(m...)
	op("LSR $4, %v, %v", n, n)
	loop("next", n, func() {
		op("VLD1.P 64(%v), %s", x, list("S4", v...))
		for i := range v {
			and(v[i], mask, v[i])
			op("VUMAX %v.S4, %v.S4, %v.S4", v[i], m[i], m[i])
		}
	})
	op("VUMAX %v.S4, %v.S4, %v.S4", m[1], m[0], m[0])
	op("VUMAX %v.S4, %v.S4, %v.S4", m[3], m[2], m[2])
	op("VUMAX %v.S4, %v.S4, %v.S4", m[2], m[0], m[0])
	umaxv(m[0], m[0])
	op("FMOVS %s, ret+%d(FP)", m[0].f(), arguments["ret"])
	ret()
}

func quantize() {
	function("quantizeNEON", "q *int8, x *float32, n int, s float32", "int32",
		"is quantizeGeneric. n is a positive multiple of 16.")
	q, x, n := param("q"), param("x"), param("n")
	s := broadcast("s")
	sum, v := newVecs(4), newVecs(4)
	zero(sum...)
	op("LSR $4, %v, %v", n, n)
	loop("next", n, func() {
		op("VLD1.P 64(%v), %s", x, list("S4", v...))
		for i := range v {
			fmul(v[i], s, v[i])
			fcvtns(v[i], v[i])
			add(v[i], sum[i], sum[i])
		}
		// The low halves of the low halves: every value fits in a byte.
		op("VUZP1 %v.H8, %v.H8, %v.H8", v[1], v[0], v[0])
		op("VUZP1 %v.H8, %v.H8, %v.H8", v[3], v[2], v[2])
		op("VUZP1 %v.B16, %v.B16, %v.B16", v[2], v[0], v[0])
		op("VST1.P %s, 16(%v)", list("B16", v[0]), q)
	})
	add(sum[1], sum[0], sum[0])
	add(sum[3], sum[2], sum[2])
	add(sum[2], sum[0], sum[0])
	addv(sum[0], sum[0])
	op("FMOVS %s, ret+%d(FP)", sum[0].f(), arguments["ret"])
	ret()
}

// reduce4 adds up the 32-bit elements of each of four registers: the sums are
// the elements of the first.
func reduce4(s []vec) {
	addp(s[0], s[1], s[0])
	addp(s[2], s[3], s[2])
	addp(s[0], s[2], s[0])
}

const matVecParams = "y *float32, data *byte, q *int8, groups int, blocks int, sum int32, mul float32"

// results stores the results of a group from the sums of its four rows.
func results(y gp, s, sub32, mul vec) {
	sub(s, sub32, s)
	scvtf(s, s)
	fmul(s, mul, s)
	op("VST1.P %s, 16(%v)", list("S4", s), y)
}

// matVecDot emits the decode product with SDOT: one pass over a sequential
// stream. Three of the four fields of a byte are not shifted, so their products
// come out 1, 4 and 16 times too large and are summed apart. In 32 bits the last
// of these sums hold 65536 blocks, no fewer than the result itself does.
func matVecDot() {
	function("matVecDot", matVecParams, "",
		"stores the four results of each of groups ≥ 1 row groups of blocks ≥ 1 blocks in y.")
	y, data, groups := param("y"), param("data"), param("groups")
	q, n := newGP(), newGP()
	sum, mul := broadcast("sum"), broadcast("mul")
	f0, f1, f2 := bytes(0x03), bytes(0x0c), bytes(0x30)
	one, four, sixteen := newVecs(4), newVecs(4), newVecs(4)
	a, w, c := newVecs(8), newVecs(2), newVecs(4)
	loop("group", groups, func() {
		reload("q", q)
		reload("blocks", n)
		zero(one...)
		zero(four...)
		zero(sixteen...)
		loop("block", n, func() {
			load(q, 0, a...)
			for r := range 4 {
				load(data, 32*r, w...)
				for h, w := range w { // columns 0 to 15 and 16 to 31 of each field
					and(w, f0, c[0])
					and(w, f1, c[1])
					and(w, f2, c[2])
					ushr(6, w, c[3])
					sdot(c[0], a[0+h], one[r])
					sdot(c[1], a[2+h], four[r])
					sdot(c[2], a[4+h], sixteen[r])
					sdot(c[3], a[6+h], one[r])
				}
			}
			advance(128, q, data)
		})
		for r := range 4 { // multiples of 4 and of 16: exact
			ssraS2(four[r], one[r])
			ssraS4(sixteen[r], one[r])
		}
		reduce4(one)
		results(y, one[0], sum, mul)
	})
	ret()
}

// matVecNEON emits the decode product without SDOT. The products of a byte pair
// are added to 16 bits; those of the second field come out 4 times too large and
// are summed apart. An element takes 4 of them from each block: 8 blocks of
// 4·4·2·-128 make -32768, the last value that fits.
func matVecNEON() {
	function("matVecNEON", matVecParams, "",
		"stores the four results of each of groups ≥ 1 row groups of blocks ≥ 1 blocks in y.")
	y, data, groups := param("y"), param("data"), param("groups")
	q, left, n, limit := newGP(), newGP(), newGP(), newGP()
	sub, mul := broadcast("sum"), broadcast("mul")
	f0, f1 := bytes(0x03), bytes(0x0c)
	one, four, sum := newVecs(4), newVecs(4), newVecs(4)
	a, w, c := newVecs(8), newVecs(2), newVecs(4)
	op("MOVD $8, %v", limit)
	loop("group", groups, func() {
		reload("q", q)
		reload("blocks", left)
		zero(sum...)
		label("chunk") // of n = min(left, 8) blocks
		op("CMP %v, %v", limit, left)
		op("CSEL LT, %v, %v, %v", left, limit, n)
		op("SUB %v, %v, %v", n, left, left)
		zero(one...)
		zero(four...)
		loop("block", n, func() {
			load(q, 0, a...)
			for r := range 4 {
				load(data, 32*r, w...)
				for h, w := range w { // columns 0 to 15 and 16 to 31 of each field
					and(w, f0, c[0])
					and(w, f1, c[1])
					ushr(4, w, c[2])
					ushr(6, w, c[3])
					and(c[2], f0, c[2])
					for k, to := range []vec{one[r], four[r], one[r], one[r]} {
						smlalB(c[k], a[2*k+h], to)
						smlal2B(c[k], a[2*k+h], to)
					}
				}
			}
			advance(128, q, data)
		})
		for r := range 4 {
			sshrH2(four[r], four[r]) // a multiple of 4: exact
			sadalp(one[r], sum[r])
			sadalp(four[r], sum[r])
		}
		op("CBNZ %v, chunk", left)
		reduce4(sum)
		results(y, sum[0], sub, mul)
	})
	ret()
}

func unpack() {
	function("unpackNEON", "dst *uint8, src *byte, blocks int", "",
		"unpacks blocks ≥ 1 blocks of a row group into its codes: for every run of 32 columns those of its four rows.")
	dst, src, n := param("dst"), param("src"), param("blocks")
	f0 := bytes(0x03)
	w, c := newVecs(2), newVecs(2)
	loop("block", n, func() {
		for r := range 4 {
			load(src, 32*r, w...)
			for k := range 4 {
				for h := range w {
					switch k {
					case 0:
						and(w[h], f0, c[h])
					case 3:
						ushr(6, w[h], c[h])
					default:
						ushr(2*k, w[h], c[h])
						and(c[h], f0, c[h])
					}
				}
				store(dst, 128*k+32*r, c...)
			}
		}
		advance(128, src)
		advance(512, dst)
	})
	ret()
}

const tilesDoc = "adds to acc, [tokens][groups][4], the products of codes, [groups][steps][4][32], with q: steps runs of 32 columns of rows that are stride bytes apart. "

// tilesDot emits the prefill product with SDOT, tilesNEON the one without, whose
// 16-bit sums hold 32 steps of 4·2·-128.
func tilesDot() {
	tiles("tilesDot", "1 ≤ steps.", sdot, func(sum []vec) {})
}

func tilesNEON() {
	tiles("tilesNEON", "1 ≤ steps ≤ 32.", func(n, m, d vec) {
		smlalB(n, m, d)
		smlal2B(n, m, d)
	}, func(sum []vec) {
		for _, v := range sum {
			saddlp(v, v)
		}
	})
}

// tiles emits tiles of four rows × up to four tokens, whose sums stay in
// registers; widen makes them 32 bits wide.
func tiles(name, limits string, product func(n, m, d vec), widen func(sum []vec)) {
	function(name, "acc *int32, codes *uint8, q *int8, stride int, steps int, groups int, tokens int", "", tilesDoc+limits)
	acc, q, stride, tokens := param("acc"), param("q"), param("stride"), param("tokens")
	accStride := param("groups")
	op("LSL $4, %v, %v", accStride, accStride)
	codes, groups, steps, to := newGP(), newGP(), newGP(), newGP()
	from := []gp{newGP(), newGP(), newGP(), newGP()}
	s, w, a := newVecs(16), newVecs(8), newVecs(2)

	tile := func(n int, next string) {
		label(numbered("tokens", n))
		op("CMP $%d, %v", n, tokens)
		op("BLT %s", next)
		sum := s[:4*n]
		reload("codes", codes)
		reload("groups", groups)
		loop(numbered("group", n), groups, func() {
			op("MOVD %v, %v", q, from[0])
			for t := 1; t < n; t++ {
				op("ADD %v, %v, %v", stride, from[t-1], from[t])
			}
			reload("steps", steps)
			zero(sum...)
			loop(numbered("step", n), steps, func() {
				load(codes, 0, w...)
				for t := range n {
					op("FLDPQ.P 32(%v), (%s, %s)", from[t], a[0].f(), a[1].f())
					for h, a := range a {
						for r := range 4 {
							product(w[2*r+h], a, sum[4*t+r])
						}
					}
				}
				advance(128, codes)
			})
			widen(sum)
			op("MOVD %v, %v", acc, to)
			for t := range n {
				s := sum[4*t:][:4]
				reduce4(s)
				load(to, 0, a[0])
				add(s[0], a[0], s[0])
				store(to, 0, s[0])
				if t < n-1 {
					op("ADD %v, %v, %v", accStride, to, to)
				}
			}
			advance(16, acc)
		})
		for range n {
			op("ADD %v, %v, %v", stride, q, q)
		}
		for range n - 1 {
			op("ADD %v, %v, %v", accStride, acc, acc)
		}
		op("SUB $%d, %v, %v", n, tokens, tokens)
		op("B %s", numbered("tokens", n))
	}
	tile(4, "tokens2")
	tile(2, "tokens1")
	tile(1, "done")
	label("done")
	ret()
}

func finish() {
	function("finishNEON", "y *float32, stride int, acc *int32, sums *int32, muls *float32, groups int, tokens int", "",
		"stores float32(acc-sum)·mul of acc, [tokens][groups][4], in rows of y that are stride floats apart.")
	y, stride, acc := param("y"), param("stride"), param("acc")
	sums, muls, tokens := param("sums"), param("muls"), param("tokens")
	to, groups := newGP(), newGP()
	sum, mul, v := newVec(), newVec(), newVec()
	op("LSL $2, %v, %v", stride, stride)
	loop("token", tokens, func() {
		op("VLD1R.P 4(%v), %s", sums, list("S4", sum))
		op("VLD1R.P 4(%v), %s", muls, list("S4", mul))
		op("MOVD %v, %v", y, to)
		reload("groups", groups)
		loop("group", groups, func() {
			op("VLD1.P 16(%v), %s", acc, list("S4", v))
			results(to, v, sum, mul)
		})
		op("ADD %v, %v, %v", stride, y, y)
	})
	ret()
}
