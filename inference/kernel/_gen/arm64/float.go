package main

import "fmt"

// format is how floats are stored.
type format struct {
	shift int                              // log2 of the bytes of one value
	load  func(p gp, offset int, v ...vec) // reads eight at offset as float32 into two registers
}

var (
	f32  = format{2, load}
	f16  = format{1, widened(fcvtlH, fcvtl2H)}
	bf16 = format{1, widened(shllH, shll2H)}
)

func widened(low, high func(n, d vec)) func(p gp, offset int, v ...vec) {
	return func(p gp, offset int, v ...vec) {
		load(p, offset, v[1])
		low(v[1], v[0])
		high(v[1], v[1])
	}
}

// tailMask loads the mask of the last n of eight values, 0 ≤ n < 8: a rest of n
// values is read with the 8-n before it, which are then masked away. So no
// read leaves the row, as long as it has eight values.
func tailMask(n gp) []vec {
	p, mask := newGP(), newVecs(2)
	op("MOVD $tailMask<>(SB), %v", p)
	op("ADD %v<<2, %v, %v", n, p, p)
	load(p, 0, mask...)
	return mask
}

// tailTable is what tailMask reads: eight words of zeros, then eight of ones.
func tailTable() {
	asm.WriteString("\n")
	for i := range 8 {
		value := "0"
		if i >= 4 {
			value = "0xffffffffffffffff"
		}
		fmt.Fprintf(&asm, "DATA tailMask<>+%d(SB)/8, $%s\n", 8*i, value)
	}
	asm.WriteString("GLOBL tailMask<>(SB), RODATA|NOPTR, $64\n")
}

// dots emits y[r] = scale·Σ w[r]·x. A row is summed the same way whether it is
// one of four or alone, so results do not depend on how rows are cut.
func dots(name string, f format) {
	function(name, "y *float32, w *byte, x *float32, rows int, cols int, scale float32", "",
		"stores scale·(w[r]·x) of rows ≥ 1 rows of cols ≥ 8 in y.")
	y, w, rows, cols := param("y"), param("w"), param("rows"), param("cols")
	x, left, rest, back := newGP(), newGP(), newGP(), newGP()
	others := []gp{newGP(), newGP(), newGP()}
	scale := broadcast("scale")
	op("AND $7, %v, %v", cols, rest)
	mask := tailMask(rest)
	a, b := newVecs(4), newVecs(4) // sums of the first and of the second four of eight
	xs, v := newVecs(2), newVecs(2)

	block := func(n int, next string) {
		label(numbered("rows", n))
		op("CMP $%d, %v", n, rows)
		op("BLT %s", next)
		from := append([]gp{w}, others...)[:n]
		for r := 1; r < n; r++ {
			op("ADD %v<<%d, %v, %v", cols, f.shift, from[r-1], from[r])
		}
		reload("x", x)
		op("LSR $3, %v, %v", cols, left)
		zero(a[:n]...)
		zero(b[:n]...)
		loop(numbered("eight", n), left, func() {
			op("FLDPQ.P 32(%v), (%s, %s)", x, xs[0].f(), xs[1].f())
			for r, p := range from {
				f.load(p, 0, v...)
				fmla(v[0], xs[0], a[r])
				fmla(v[1], xs[1], b[r])
			}
			advance(8<<f.shift, from...)
		})
		op("CBZ %v, %s", rest, numbered("sum", n))
		{
			op("SUB $8, %v, %v", rest, back) // to the last eight values
			op("ADD %v<<2, %v, %v", back, x, x)
			load(x, 0, xs...)
			and(xs[0], mask[0], xs[0])
			and(xs[1], mask[1], xs[1])
			for r, p := range from {
				op("ADD %v<<%d, %v, %v", back, f.shift, p, p)
				f.load(p, 0, v...)
				and(v[0], mask[0], v[0])
				and(v[1], mask[1], v[1])
				fmla(v[0], xs[0], a[r])
				fmla(v[1], xs[1], b[r])
			}
			advance(8<<f.shift, from...)
		}
		label(numbered("sum", n))
		for r := range n {
			fadd(a[r], b[r], a[r])
		}
		// Neighbours are added first, for one row as for four.
		if n == 4 {
			faddp(a[0], a[1], a[0])
			faddp(a[2], a[3], a[2])
			faddp(a[0], a[2], a[0])
		} else {
			faddp(a[0], a[0], a[0])
			faddp(a[0], a[0], a[0])
		}
		fmul(a[0], scale, a[0])
		if n == 4 {
			op("VST1.P %s, 16(%v)", list("S4", a[0]), y)
			op("MOVD %v, %v", from[3], w) // the end of the last row
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

// weightedSum emits out[d] += Σ p[i]·v[i][d], up to 64 columns at a time in
// registers; every column is a chain of fused steps in the order of i.
func weightedSum(name string, f format) {
	function(name, "out *float32, p *float32, v *byte, rows int, cols int", "",
		"adds p[i]·v[i] of rows ≥ 1 rows of cols ≥ 8 to out, in the order of i.")
	out, v, cols := param("out"), param("v"), param("cols")
	stride, p, rows, from := newGP(), newGP(), newGP(), newGP()
	op("LSL $%d, %v, %v", f.shift, cols, stride)
	sums, pi, x := newVecs(16), newVec(), newVecs(2)
	// pass runs through the rows of len(acc)·4 columns at v.
	pass := func(name string, acc []vec) {
		reload("p", p)
		reload("rows", rows)
		op("MOVD %v, %v", v, from)
		loop(name, rows, func() {
			op("VLD1R.P 4(%v), %s", p, list("S4", pi))
			for i := 0; i < len(acc); i += 2 {
				f.load(from, 4*i<<f.shift, x...)
				fmla(x[0], pi, acc[i])
				fmla(x[1], pi, acc[i+1])
			}
			op("ADD %v, %v, %v", stride, from, from)
		})
	}
	columns := func(n int, next string) {
		label(numbered("columns", n))
		op("CMP $%d, %v", n, cols)
		op("BLT %s", next)
		acc := sums[:n/4]
		load(out, 0, acc...)
		pass(numbered("row", n), acc)
		store(out, 0, acc...)
		advance(4*n, out)
		advance(n<<f.shift, v)
		op("SUB $%d, %v, %v", n, cols, cols)
		op("B %s", numbered("columns", n))
	}
	columns(64, "columns32")
	columns(32, "columns8")
	columns(8, "rest")
	label("rest")
	op("CBZ %v, done", cols)
	{
		mask, acc, old := tailMask(cols), sums[:2], sums[2:4]
		back := newGP()
		op("SUB $8, %v, %v", cols, back)
		op("ADD %v<<2, %v, %v", back, out, out)
		op("ADD %v<<%d, %v, %v", back, f.shift, v, v)
		load(out, 0, old...)
		mov(old[0], acc[0])
		mov(old[1], acc[1])
		pass("rowRest", acc)
		for i := range acc { // what is not of the rest stays
			op("VBIT %v.B16, %v.B16, %v.B16", mask[i], acc[i], old[i])
		}
		store(out, 0, old...)
	}
	label("done")
	ret()
}
