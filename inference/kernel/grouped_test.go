package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/x448/float16"

	"tern/model/ternary"
)

// groupedOf returns a matrix of the codes and scales that next and scale give.
func groupedOf(rows, cols, groupCols int, wide bool, next func() uint8, scale func() float32) *ternary.Grouped {
	m := ternary.NewGrouped(rows, cols, groupCols, wide)
	codes := make([]uint8, cols)
	for r := range rows {
		for c := range codes {
			codes[c] = next()
		}
		m.PackRow(r, codes)
		for g := range m.Groups() {
			m.SetScale(r, g, scale())
		}
	}
	return &m
}

// randomGrouped has codes 0 to 3 and scales of both signs, some of them 0; those of a
// wide matrix do not fit binary16.
func randomGrouped(rng *rand.Rand, rows, cols, groupCols int, wide bool) *ternary.Grouped {
	return groupedOf(rows, cols, groupCols, wide, func() uint8 { return uint8(rng.IntN(4)) }, func() float32 {
		if rng.IntN(9) == 0 {
			return 0
		}
		d := float32(rng.NormFloat64())
		if !wide {
			d = float16.Fromfloat32(d).Float32()
		}
		return d
	})
}

// wantGrouped is the row r of the product with x as the definition reads, in 64-bit
// integers and without any layout.
func wantGrouped(m *ternary.Grouped, r int, x []float32, planes Planes) (y float32) {
	largest := map[Planes]float32{Fixed16: 32639, Fixed24: 8355584}[planes]
	codes := make([]byte, m.PaddedCols()/4)
	m.Codes(codes, r)
	for g := range m.Groups() {
		group := x[g*m.GroupCols : min((g+1)*m.GroupCols, len(x))]
		amax := float32(1e-30)
		for _, v := range group {
			if a := float32(math.Abs(float64(v))); !(a <= amax) {
				amax = a
			}
			if !(amax <= math.MaxFloat32) {
				return float32(math.NaN())
			}
		}
		if planes == Fixed16 {
			amax = scaleOf(group, m.GroupCols, amax)
		}
		inv := largest / amax
		var sum int64
		for i, v := range group {
			c := g*m.GroupCols + i
			code := int64(codes[c/4]>>(2*(c%4))) & 3
			sum += (code - 1) * int64(math.RoundToEven(float64(v*inv)))
		}
		term := float32(float32(sum) * (amax / largest))
		term = float32(term * m.Scale(r, g))
		y += term
	}
	return y
}

// scaleOf is what a group of two planes is scaled by as the definition reads, where its
// largest magnitude is amax.
func scaleOf(group []float32, groupCols int, amax float32) float32 {
	peaks, sums := make([]float32, groupCols/4), [4]float32{}
	for i, v := range group {
		field := i/16*4 + i%4
		peaks[field] = max(peaks[field], float32(math.Abs(float64(v))))
	}
	for i, p := range peaks {
		sums[i%4] += p
	}
	rest, mean := float32(0), ((sums[0]+sums[2])+(sums[1]+sums[3]))/float32(len(peaks))
	above := 0
	for _, p := range peaks {
		if p <= 4*mean {
			rest = max(rest, p)
		} else {
			above++
		}
	}
	if above > 0 && above <= 7 && amax > 2*rest {
		return max(rest, amax/256, 1e-30)
	}
	return amax
}

// withOutliers makes one of x in 40 between 10 and 1000 times as large.
func withOutliers(rng *rand.Rand, x []float32) {
	for c := range x {
		if rng.IntN(40) == 0 {
			x[c] *= float32(math.Pow(10, 1+2*rng.Float64()))
		}
	}
}

var groupedSizes = [][2]int{
	{1, 1}, {2, 31}, {15, 64}, {16, 65}, {17, 128}, {31, 129}, {32, 256}, {33, 1000}, {64, 1024}, {97, 768}, {65, 2304}, {34, 4224},
}

// eachForm runs a test for every form of a matrix and of activations.
func eachForm(test func(groupCols int, wide bool, planes Planes)) {
	for _, groupCols := range []int{64, 128} {
		for _, wide := range []bool{false, true} {
			for _, planes := range []Planes{Fixed16, Fixed24} {
				test(groupCols, wide, planes)
			}
		}
	}
}

// fixed returns the rows of x in fixed point.
func fixed(x [][]float32, groupCols int, planes Planes) *Fixed {
	f := new(Fixed)
	f.Reset(len(x), len(x[0]), groupCols, planes)
	for t, row := range x {
		f.Set(t, row)
	}
	return f
}

func TestMatMulGrouped(t *testing.T) {
	const most = 14 // tokens: three tiles of five with AVX-512
	eachPath(t, func(t *testing.T) {
		rng, scratch := source(), NewScratch()
		eachForm(func(groupCols int, wide bool, planes Planes) {
			for _, size := range groupedSizes {
				m := randomGrouped(rng, size[0], size[1], groupCols, wide)
				tokens := []int{1, 1 + rng.IntN(4), 5 + rng.IntN(8), most}
				var all [][]float32
				for range most {
					x := randoms(rng, m.Cols)
					x[rng.IntN(len(x))] *= 100
					withOutliers(rng, x)
					all = append(all, x)
				}
				want := make([]float32, most*m.Rows)
				for i := range want {
					want[i] = wantGrouped(m, i%m.Rows, all[i/m.Rows], planes)
				}
				for _, n := range tokens {
					x := fixed(all[:n], groupCols, planes)
					const untouched = -12345.5
					stride := m.Rows + rng.IntN(3)
					y := slices.Repeat([]float32{untouched}, n*stride)
					b0 := rng.IntN(m.Bands() + 1)
					b1 := b0 + rng.IntN(m.Bands()-b0+1)
					if n == most {
						b0, b1 = 0, m.Bands()
					}
					MatMulGrouped(y, stride, m, b0, b1, x, scratch)
					for i, got := range y {
						tok, r := i/stride, i%stride
						expect := float32(untouched)
						if r < m.Rows && r/bandRows >= b0 && r/bandRows < b1 {
							expect = want[tok*m.Rows+r]
						}
						if math.Float32bits(got) != math.Float32bits(expect) {
							t.Fatalf("%s, groups of %d, wide %v, %d planes, %d tokens, bands [%d,%d): y[%d][%d] is %v, want %v",
								sizeName(size), groupCols, wide, planes, n, b0, b1, tok, r, got, expect)
						}
					}
				}
			}
		})
	})
}

// TestGroupedExtremes drives every sum to its edge: code 3 and the largest activations
// of either sign in every column, where 16-bit sums of the assembly reach 24576 and those
// of three planes nearly fill 32 bits; and low planes of -128 everywhere but in the column
// that sets the scale, where groupedVec2AVX2 nearly reaches -32768.
func TestGroupedExtremes(t *testing.T) {
	var low, negative [64]float32
	for i := range low {
		low[i], negative[i] = 128./32639, -128./32639
	}
	low[0], negative[0] = 1, -1
	// As many outliers as a group of 64 or 128 columns can have, and as large.
	var few, many, mixed [128]float32
	for i := range many {
		few[i], many[i] = 1./300, 1./300
		if i < 3*16 && i%4 == 1 {
			few[i] = 1
		}
		if i < 7*16 && i%4 == 3 {
			many[i] = -1
		}
		mixed[i] = many[i] * float32(1-i%3)
	}
	eachPath(t, func(t *testing.T) {
		scratch := NewScratch()
		eachForm(func(groupCols int, wide bool, planes Planes) {
			const rows, cols, tokens = 35, 512, 13
			for code := range uint8(4) {
				m := groupedOf(rows, cols, groupCols, wide, func() uint8 { return code }, func() float32 { return -0.5 })
				for _, pattern := range [][]float32{{1}, {-1}, {1, -1}, {1, 0.0039061, -0.0039}, {math.MaxFloat32, -math.MaxFloat32}, low[:], negative[:], few[:], many[:], mixed[:]} {
					x := make([][]float32, tokens)
					for t := range x {
						x[t] = make([]float32, cols)
						for c := range x[t] {
							x[t][c] = pattern[(c+t)%len(pattern)]
						}
					}
					for _, n := range []int{tokens, 1} {
						y := make([]float32, rows*n)
						MatMulGrouped(y, rows, m, 0, m.Bands(), fixed(x[:n], groupCols, planes), scratch)
						for i, got := range y {
							if want := wantGrouped(m, i%rows, x[i/rows], planes); !alike(got, want) {
								t.Fatalf("groups of %d, wide %v, %d planes, code %d, %d tokens, %v: y[%d] is %v, want %v", groupCols, wide, planes, code, n, pattern, i, got, want)
							}
						}
					}
				}
			}
		})
	})
}

// TestGroupedSpecials: a row with a NaN or an infinity gives NaN and leaves the others
// alone; nothing, denormals and huge numbers are numbers like others.
func TestGroupedSpecials(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachPath(t, func(t *testing.T) {
		rng, scratch := source(), NewScratch()
		eachForm(func(groupCols int, wide bool, planes Planes) {
			m := randomGrouped(rng, 21, 300, groupCols, wide)
			for _, v := range []float32{0, inf, -inf, nan, 1e-45, -1e-38, 1e-30, 1e-20, 1e35, math.MaxFloat32} {
				x := [][]float32{randoms(rng, m.Cols), make([]float32, m.Cols), randoms(rng, m.Cols)}
				for _, at := range []int{0, 63, 150, 299} {
					clear(x[1])
					x[1][at] = v
					y := make([]float32, 3*m.Rows)
					MatMulGrouped(y, m.Rows, m, 0, m.Bands(), fixed(x, groupCols, planes), scratch)
					for i, got := range y {
						if want := wantGrouped(m, i%m.Rows, x[i/m.Rows], planes); !alike(got, want) {
							t.Fatalf("groups of %d, wide %v, %d planes, %v at %d: y[%d] is %v, want %v", groupCols, wide, planes, v, at, i, got, want)
						}
					}
				}
			}
		})
	})
}

// TestFixed reads the planes back: they are the activations within half a step of the
// group, and what is stored is the same on all paths.
func TestFixed(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, planes := range []Planes{Fixed16, Fixed24} {
			for _, cols := range []int{1, 16, 63, 64, 200, 1024, 1500} {
				for _, tokens := range []int{1, 2, 5, 7, 12, 13, 40} {
					x := make([][]float32, tokens)
					for i := range x {
						x[i] = randoms(rng, cols)
						if i%2 == 1 {
							withOutliers(rng, x[i])
						}
					}
					f := fixed(x, 64, planes)
					for i, row := range x {
						got := valuesOf(f, i)
						for c, v := range row {
							group := row[c&^63 : min(c|63+1, cols)]
							amax := absMaxGeneric(group)
							if planes == Fixed16 {
								amax = scaleOf(group, 64, amax)
							}
							if d := math.Abs(float64(got[c]) - float64(v)); d > 0.51*float64(amax/planes.largest())+3e-7*math.Abs(float64(v)) {
								t.Fatalf("%d planes, %d columns: %v became %v", planes, cols, v, got[c])
							}
						}
						if slices.ContainsFunc(got[cols:], func(v float32) bool { return v != 0 }) {
							t.Fatal("the padding is not 0")
						}
					}
				}
			}
		}
	})
}

// valuesOf returns q·s of row t with its padding, from where Fixed says they are.
func valuesOf(f *Fixed, t int) (x []float32) {
	first, n := f.tileOf(t)
	piece := wordCols * int(f.planes)
	for c := range f.groups() * f.groupCols {
		at := first*f.rowBytes() + (c/wordCols*n+t-first)*piece + c%4*4 + c%wordCols/4
		var q int32
		for p := int(f.planes) - 1; p >= 0; p-- {
			q = q<<8 + int32(f.q[at+p*wordCols])
		}
		x = append(x, float32(q)*f.scales[first*f.groups()+c/f.groupCols*n+t-first].s)
	}
	for g := range f.groups() {
		scale := &f.scales[first*f.groups()+g*n+t-first]
		for _, o := range f.outliersOf(scale) {
			for j, top := range o.top {
				x[g*f.groupCols+int(o.field)/4*wordCols+int(o.field)%4+4*j] += float32(top) * (1 << 16) * scale.s
			}
		}
	}
	return x
}

// groupedError returns the largest error of a row of m·x, relative to the largest
// result, against float64.
func groupedError(m *ternary.Grouped, x []float32, planes Planes) float64 {
	y, w := make([]float32, m.Rows), make([]float32, m.Cols)
	MatMulGrouped(y, m.Rows, m, 0, m.Bands(), fixed([][]float32{x}, m.GroupCols, planes), NewScratch())
	var worst, top float64
	for r, got := range y {
		m.UnpackRow(r, w)
		var exact float64
		for c, v := range w {
			exact += float64(v) * float64(x[c])
		}
		worst, top = max(worst, math.Abs(float64(got)-exact)), max(top, math.Abs(exact))
	}
	return worst / top
}

// TestGroupedAccuracy holds both forms to an error of the size that they are there for,
// with activations a few of which are outliers, as those of the models are.
func TestGroupedAccuracy(t *testing.T) {
	rng := source()
	m := groupedOf(512, 1024, 128, false, func() uint8 { return uint8(rng.IntN(3)) }, func() float32 {
		return float16.Fromfloat32(float32(0.04 * math.Exp(0.3*rng.NormFloat64()))).Float32()
	})
	for name, outlier := range map[string]float32{"plain": 1, "outliers": 30} {
		x := make([]float32, m.Cols)
		for c := range x {
			x[c] = float32(rng.NormFloat64())
			if rng.IntN(170) == 0 {
				x[c] *= outlier
			}
		}
		for planes, most := range map[Planes]float64{Fixed16: 4e-5, Fixed24: 1e-6} {
			got := groupedError(m, x, planes)
			t.Logf("%s, %d planes: %.2g of the largest result", name, planes, got)
			if got > most {
				t.Errorf("%s, %d planes: the error is %.2g of the largest result", name, planes, got)
			}
		}
	}
}

// TestOutliers: where a few activations are much larger than the others, these lose no more
// than in a group without them, and no group has more outliers than it has room for.
func TestOutliers(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		// Eight alike are above four times their mean where it is rounded down.
		eight := make([]float32, 128)
		for w := range 8 {
			eight[16*w+3] = math.Float32frombits(0x3f80002a)
		}
		f := fixed([][]float32{eight}, 128, Fixed16)
		if n, want := len(f.outliersOf(&f.scales[0])), eight[3]/32639; n > 0 || f.scales[0].s != want {
			t.Errorf("eight alike: %d outliers, scale %v, want none and %v", n, f.scales[0].s, want)
		}
		rng := source()
		for _, groupCols := range []int{64, 128} {
			most := 0
			for n := range groupCols / 4 {
				x := randoms(rng, groupCols)
				rest := absMaxGeneric(x)
				for i := range n {
					x[i/4*16+i%4] = 100 * rest
				}
				f := fixed([][]float32{x}, groupCols, Fixed16)
				found := f.outliersOf(&f.scales[0])
				most = max(most, len(found))
				if want := rest / 32639; n > 0 && len(found) == n && f.scales[0].s > want {
					t.Errorf("%d of %d fields are outliers, and the scale is %v, want %v at most", n, groupCols/4, f.scales[0].s, want)
				}
				if n == 0 && len(found) > 0 {
					t.Errorf("%d outliers among alike activations", len(found))
				}
			}
			if want := groupCols/16 - 1; most != want {
				t.Errorf("a group of %d columns has up to %d outliers, want %d", groupCols, most, want)
			}
		}
	})
}

func TestGroupedMisuse(t *testing.T) {
	m := randomGrouped(source(), 40, 200, 128, false)
	x := fixed([][]float32{make([]float32, 200), make([]float32, 200)}, 128, Fixed16)
	short, bare := *m, *m
	short.Data = short.Data[:len(short.Data)-1]
	bare.Scales = bare.Scales[1:]
	f := func(n int) []float32 { return make([]float32, n) }
	s := NewScratch()
	for name, call := range map[string]func(){
		"y":             func() { MatMulGrouped(f(79), 40, m, 0, 2, x, s) },
		"stride":        func() { MatMulGrouped(f(80), 39, m, 0, 2, x, s) },
		"bands":         func() { MatMulGrouped(f(199), 40, m, 0, 3, x, s) },
		"order":         func() { MatMulGrouped(f(80), 40, m, 2, 1, x, s) },
		"negative":      func() { MatMulGrouped(f(80), 40, m, -1, 1, x, s) },
		"data":          func() { MatMulGrouped(f(80), 40, &short, 0, 2, x, s) },
		"scales":        func() { MatMulGrouped(f(80), 40, &bare, 0, 2, x, s) },
		"columns":       func() { MatMulGrouped(f(80), 40, m, 0, 2, fixed([][]float32{f(199)}, 128, Fixed16), s) },
		"groups":        func() { MatMulGrouped(f(80), 40, m, 0, 2, fixed([][]float32{f(200)}, 64, Fixed16), s) },
		"row":           func() { x.Set(2, f(200)) },
		"row columns":   func() { x.Set(1, f(199)) },
		"Reset planes":  func() { new(Fixed).Reset(1, 1, 64, 1) },
		"Reset groups":  func() { new(Fixed).Reset(1, 1, 32, Fixed16) },
		"Reset columns": func() { new(Fixed).Reset(1, 0, 64, Fixed16) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("accepted")
				}
			}()
			call()
		})
	}
	// Nothing to do is done.
	MatMulGrouped(nil, 0, m, 1, 1, x, s)
	var none Fixed
	none.Reset(0, 200, 128, Fixed16)
	MatMulGrouped(nil, 0, m, 0, 2, &none, s)
}

func TestGroupedNoAllocations(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		m := randomGrouped(source(), 40, 200, 128, false)
		x, s, f := randoms(source(), 200), NewScratch(), new(Fixed)
		x[7] *= 100
		y := make([]float32, 40*9)
		for _, tokens := range []int{9, 1} {
			call := func() {
				f.Reset(tokens, 200, 128, Fixed16)
				for t := range tokens {
					f.Set(t, x)
				}
				MatMulGrouped(y, 40, m, 0, m.Bands(), f, s)
			}
			call()
			if got := testing.AllocsPerRun(5, call); got != 0 {
				t.Errorf("%d tokens: %v allocations", tokens, got)
			}
		}
	})
}
