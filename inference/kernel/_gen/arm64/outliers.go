package main

// What belongs to a group of a row of activations, and to an outlier of it: groupScale and
// outlier in package kernel.
const (
	scaleBytes = 16
	minusAt    = 4
	outliersAt = 12
	mostOf     = 7 // the bits of outliersAt that are their number

	outlierBytes = 8
	outlierLine  = 4
	outlierShift = 6
	outlierField = 7
)

// outliers is what their products are emitted with.
type outliers struct {
	codes  gp   // the registers of a pass in the first line of a group
	packed bool // four codes to a byte, and low masks one
	low    vec
	code   vec // free

	at, n, line, shift gp
}

func newOutliers(codes gp) *outliers {
	return &outliers{codes: codes, at: newGP(), n: newGP(), line: newGP(), shift: newGP()}
}

// add adds the third bytes of the outliers of a token to sums: s, all but sums of which are
// free, and t are used.
func (o *outliers) add(name string, dot bool, scale gp, token int, s [][][][]vec, sums []vec, t [2]vec) {
	act, shift := t[0], t[1]
	op("MOVWU %d(%v), %v", scaleBytes*token+outliersAt, scale, o.at)
	op("ANDS $%d, %v, %v", mostOf, o.at, o.n)
	op("BEQ plain%s", name)
	op("SUB %v, %v, %v", o.n, o.at, o.at)
	reload("outliers", o.line)
	op("ADD %v, %v, %v", o.line, o.at, o.at)
	for r := range s {
		zero(s[r][token][0]...)
	}
	loop("outlier"+name, o.n, func() {
		if o.packed {
			op("MOVHU %d(%v), %v", outlierLine, o.at, o.line)
			op("MOVBU %d(%v), %v", outlierShift, o.at, o.shift)
			op("NEG %v, %v", o.shift, o.shift)
			op("VDUP %v, %v.B16", o.shift, shift)
		} else {
			op("MOVBU %d(%v), %v", outlierField, o.at, o.line)
			op("LSL $7, %v, %v", o.line, o.line) // times lineBytes
		}
		op("ADD %v, %v, %v", o.codes, o.line, o.line)
		op("FMOVS (%v), %s", o.at, act.f())
		op("VDUP %v.S[0], %v.S4", act, act)
		for r := range s {
			load(o.line, 16*r, o.code)
			if o.packed {
				ushl(o.code, shift, o.code)
				and(o.code, o.low, o.code)
			}
			if top := s[r][token][0]; dot {
				sdot(o.code, act, top[0])
			} else {
				smlalB(o.code, act, top[0])
				smlal2B(o.code, act, top[1])
			}
		}
		advance(outlierBytes, o.at)
	})
	for r, sum := range sums {
		top := s[r][token][0]
		if !dot {
			saddlp(top[0], top[0])
			saddlp(top[1], top[1])
			addp(top[0], top[1], top[0])
		}
		op("VSHL $16, %v.S4, %v.S4", top[0], top[0])
		add(top[0], sum, sum)
	}
	label("plain" + name)
}

// peaks emits what is the largest in each field of a group.
func peaks() {
	function("peaksNEON", "peaks *float32, x *float32, pieces int, sum *float32", "float32",
		"is peaksGeneric of pieces ≥ 1 pieces of 16 columns; it stores the sum.")
	dst, x, n, to := param("peaks"), param("x"), param("pieces"), param("sum")
	v, all, sum := newVecs(4), newVec(), newVec()
	zero(all, sum)
	low := constant(0x7fffffff)
	loop("piece", n, func() {
		op("VLD1.P 64(%v), %s", x, list("S4", v...))
		for _, v := range v {
			and(v, low, v)
		}
		for _, other := range v[1:] {
			op("VUMAX %v.S4, %v.S4, %v.S4", other, v[0], v[0])
		}
		op("VUMAX %v.S4, %v.S4, %v.S4", v[0], all, all)
		fadd(sum, v[0], sum)
		store(dst, 0, v[0])
		advance(16, dst)
	})
	umaxv(all, all)
	op("FMOVS %s, ret+%d(FP)", all.f(), arguments["ret"])
	op("VEXT $8, %v.B16, %v.B16, %v.B16", sum, sum, v[0]) // 2, 3, 0, 1
	fadd(sum, v[0], sum)
	op("VDUP %v.S[1], %v.S4", sum, v[0])
	fadd(sum, v[0], sum)
	op("FMOVS %s, (%v)", sum.f(), to)
	ret()
}
