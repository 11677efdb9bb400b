package main

// scanDot emits y[r] = Σ w[r]·x of int8 rows and an int16 vector with SDOT: x is
// taken apart into 256·hi + lo, both of which fit in a signed byte as long as x
// is at most 127·256+127.
func scanDot() {
	function("scanDot", scanParams, "", scanDoc+" x is at most maxDotScan.")
	const low, high = 0, 1
	v, lo, hi := newVecs(2), newVecs(4), newVecs(4)
	w, carry := newVecs(2), newVec()
	scan(func(x gp, rows []gp) {
		for range 2 {
			op("VLD2.P 32(%v), %s", x, list("B16", v...))
			// A low byte from 128 up is one from -128 up and 1 more in the high one.
			sshrB7(v[low], carry)
			op("VSUB %v.B16, %v.B16, %v.B16", carry, v[high], v[high])
			for r, from := range rows {
				op("FMOVQ.P 16(%v), %s", from, w[0].f())
				sdot(w[0], v[low], lo[r])
				sdot(w[0], v[high], hi[r])
			}
		}
	}, func(n int) {
		zero(lo[:n]...)
		zero(hi[:n]...)
	}, func(n int) []vec {
		for r := range n {
			op("VSHL $8, %v.S4, %v.S4", hi[r], hi[r])
			add(lo[r], hi[r], lo[r])
		}
		return lo
	})
}

// scanNEON emits the same without SDOT and without that limit.
func scanNEON() {
	function("scanNEON", scanParams, "", scanDoc)
	v, sum := newVecs(4), newVecs(4)
	w, wide := newVecs(2), newVecs(2)
	scan(func(x gp, rows []gp) {
		op("VLD1.P 64(%v), %s", x, list("H8", v...))
		for r, from := range rows {
			op("FLDPQ.P 32(%v), (%s, %s)", from, w[0].f(), w[1].f())
			for h := range w {
				sxtl(w[h], wide[0])
				sxtl2(w[h], wide[1])
				for i, wide := range wide {
					smlalH(wide, v[2*h+i], sum[r])
					smlal2H(wide, v[2*h+i], sum[r])
				}
			}
		}
	}, func(n int) {
		zero(sum[:n]...)
	}, func(n int) []vec { return sum })
}

const (
	scanParams = "y *int32, w *int8, x *int16, rows int, cols int"
	scanDoc    = "stores Σ w[r]·x of rows ≥ 1 rows of cols values in y; cols is a multiple of 32."
)

// scan emits the loops: step adds the products of 32 columns of n rows, begin
// clears their sums, end returns them.
func scan(step func(x gp, rows []gp), begin func(n int), end func(n int) []vec) {
	y, w, rows, cols := param("y"), param("w"), param("rows"), param("cols")
	x, left := newGP(), newGP()
	others := []gp{newGP(), newGP(), newGP()}
	block := func(n int, next string) {
		label(numbered("rows", n))
		op("CMP $%d, %v", n, rows)
		op("BLT %s", next)
		reload("x", x)
		op("LSR $5, %v, %v", cols, left)
		from := append([]gp{w}, others...)[:n]
		for r := 1; r < n; r++ {
			op("ADD %v, %v, %v", cols, from[r-1], from[r])
		}
		begin(n)
		loop(numbered("step", n), left, func() { step(x, from) })
		s := end(n)
		if n == 4 {
			reduce4(s)
			op("VST1.P %s, 16(%v)", list("S4", s[0]), y)
			op("MOVD %v, %v", from[3], w) // the end of the last row
		} else {
			addv(s[0], s[0])
			op("FMOVS.P %s, 4(%v)", s[0].f(), y)
		}
		op("SUB $%d, %v, %v", n, rows, rows)
		op("B %s", numbered("rows", n))
	}
	block(4, "rows1")
	block(1, "done")
	label("done")
	ret()
}
