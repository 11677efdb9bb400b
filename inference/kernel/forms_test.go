package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tern/model/ternary"
)

// codesOf are the codes that a form has.
var codesOf = map[ternary.Form][]uint8{ternary.TwoBits: {0, 1, 2, 3}, ternary.Trits: {0, 1, 2}, ternary.OneBit: {0, 2}}

// otherForms are those that are not two bits a weight.
var otherForms = []ternary.Form{ternary.Trits, ternary.OneBit}

// inForm returns a random matrix as two bits and in another form.
func inForm(rng *rand.Rand, rows, cols int, wide bool, form ternary.Form) (two, other *ternary.Grouped) {
	codes := codesOf[form]
	two = groupedOf(rows, cols, 128, wide, func() uint8 { return codes[rng.IntN(len(codes))] }, func() float32 {
		return float32(rng.IntN(9)-4) * 0.375
	})
	m := two.As(form)
	return two, &m
}

// TestMatMulForms: a matrix in another form gives what it gives as two bits a weight, bit for
// bit, on every path, whole and cut, one row of activations and several.
func TestMatMulForms(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng, scratch := source(), NewScratch()
		for _, form := range otherForms {
			for _, size := range append(slices.Clone(groupedSizes), [2]int{300, 4096}) { // several blocks of bands
				for _, wide := range []bool{false, true} {
					two, other := inForm(rng, size[0], size[1], wide, form)
					for _, planes := range []Planes{Fixed16, Fixed24} {
						for _, tokens := range []int{1, 2, 1 + rng.IntN(14)} {
							var x [][]float32
							for range tokens {
								row := randoms(rng, two.Cols)
								withOutliers(rng, row)
								x = append(x, row)
							}
							f := fixed(x, 128, planes)
							const untouched = -12345.5
							stride := two.Rows + rng.IntN(3)
							want := slices.Repeat([]float32{untouched}, tokens*stride)
							got := slices.Clone(want)
							b0 := rng.IntN(two.Bands() + 1)
							b1 := b0 + rng.IntN(two.Bands()-b0+1)
							if tokens == 2 || rng.IntN(2) == 0 {
								b0, b1 = 0, two.Bands()
							}
							MatMulGrouped(got, stride, other, b0, b1, f, scratch)
							on(generic, func() { MatMulGrouped(want, stride, two, b0, b1, fixed(x, 128, planes), scratch) })
							for i := range want {
								if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
									t.Fatalf("form %d, %s, wide %t, %d planes, %d tokens, bands [%d, %d): y[%d][%d] is %v, want %v",
										form, sizeName(size), wide, planes, tokens, b0, b1, i/stride, i%stride, got[i], want[i])
								}
							}
						}
					}
				}
			}
		}
	})
}

// TestFormExtremes drives sums to their edges: each code alone, and the largest activations.
func TestFormExtremes(t *testing.T) {
	var many [128]float32 // seven outliers, the largest that there are
	for i := range many {
		many[i] = 1. / 300
		if i < 7*16 && i%4 == 3 {
			many[i] = -1
		}
	}
	eachPath(t, func(t *testing.T) {
		scratch := NewScratch()
		for _, form := range otherForms {
			for _, code := range codesOf[form] {
				const rows, cols = 35, 384
				m := groupedOf(rows, cols, 128, false, func() uint8 { return code }, func() float32 { return -0.5 })
				other := m.As(form)
				for _, pattern := range [][]float32{{1}, {-1}, {1, -1}, {1, 0.0039061, -0.0039}, {math.MaxFloat32, -math.MaxFloat32}, {float32(math.NaN()), 1}, many[:]} {
					x := make([]float32, cols)
					for c := range x {
						x[c] = pattern[c%len(pattern)]
					}
					y := make([]float32, rows)
					MatMulGrouped(y, rows, &other, 0, m.Bands(), fixed([][]float32{x}, 128, Fixed16), scratch)
					for r, got := range y {
						if want := wantGrouped(m, r, x, Fixed16); !alike(got, want) {
							t.Fatalf("form %d, code %d, %v: y[%d] is %v, want %v", form, code, pattern, r, got, want)
						}
					}
				}
			}
		}
	})
}

func TestFormsNoAllocations(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, form := range otherForms {
			_, m := inForm(source(), 40, 256, false, form)
			s, y := NewScratch(), make([]float32, 40*9)
			for _, tokens := range []int{9, 1} {
				x := fixed(slices.Repeat([][]float32{make([]float32, 256)}, tokens), 128, Fixed16)
				call := func() { MatMulGrouped(y, 40, m, 0, m.Bands(), x, s) }
				call()
				if got := testing.AllocsPerRun(5, call); got != 0 {
					t.Errorf("form %d, %d tokens: %v allocations", form, tokens, got)
				}
			}
		}
	})
}

// BenchmarkForms compares the forms with two bits a weight, in turns: a token from memory,
// with one thread and with two, and prefill.
func BenchmarkForms(b *testing.B) {
	const piece, pieces = 16 << 20, 32 // weights of a turn, and turns until the same come again
	for _, cols := range []int{2048, 2560, 4096, 12288} {
		for _, form := range otherForms {
			size := func(f ternary.Form) int { return ternary.GroupedSize(pieces*piece/cols, cols, 128, false, f) }
			matrix := func(f ternary.Form) *ternary.Grouped {
				m := ternary.NewArena(size(f)).UnsetGrouped(pieces*piece/cols, cols, 128, false, f)
				m.FillRandom(1, 0, m.Bands())
				return &m
			}
			list := []*ternary.Grouped{matrix(ternary.TwoBits), matrix(form)}
			for threads := 1; threads <= 2; threads++ {
				b.Run(fmt.Sprintf("%d/form=%d/threads=%d", cols, form, threads), func(b *testing.B) {
					decodeForms(b, list, piece, threads)
				})
			}
			for _, tokens := range []int{2, 8, 128} {
				b.Run(fmt.Sprintf("%d/form=%d/T=%d", cols, form, tokens), func(b *testing.B) {
					prefillForms(b, list, tokens)
				})
			}
		}
	}
}

func decodeForms(b *testing.B, list []*ternary.Grouped, piece, threads int) {
	m := list[0]
	x := fixed([][]float32{randoms(source(), m.Cols)}, 128, Fixed16)
	y := make([]float32, m.Rows)
	bands := max(1, piece/bandRows/m.Cols)
	turnsOf := m.Bands() / bands
	var functions []func(int)
	for _, m := range list {
		functions = append(functions, func(round int) {
			each(threads, func(i int) {
				b0 := (round*threads + i) % turnsOf * bands
				MatMulGrouped(y, m.Rows, m, b0, b0+bands, x, NewScratch())
			})
		})
	}
	functions = append(functions, func(round int) {
		each(threads, func(i int) {
			n := ((round+turnsOf/threads/2)*threads + i) % turnsOf
			ReadBandwidth(m.Data[n*bands*m.BandBytes():][:bands*m.BandBytes()])
		})
	})
	t := sideBySide(b, 150, functions...)
	weights := float64(bands * bandRows * m.Cols * threads)
	for i, name := range []string{"two-bits", "form"} {
		bytes := float64(bands*threads) * float64(list[i].BandBytes()+2*bandRows*m.Groups())
		for how, d := range map[string]float64{"best": float64(t.best(i).Nanoseconds()), "median": float64(t.median(i).Nanoseconds())} {
			b.ReportMetric(d/1e3*1e7/weights, name+"-µs/10M-"+how)
			b.ReportMetric(bytes/d, name+"-GB/s-"+how)
		}
	}
	b.ReportMetric(float64(bands*threads*m.BandBytes())/float64(t.best(2).Nanoseconds()), "read-GB/s")
	b.ReportMetric(float64(t.best(0))/float64(t.best(1)), "times-best")
	b.ReportMetric(float64(t.median(0))/float64(t.median(1)), "times-median")
	b.ReportMetric(0, "ns/op")
}

func prefillForms(b *testing.B, list []*ternary.Grouped, tokens int) {
	m := list[0]
	var x [][]float32
	for range tokens {
		x = append(x, randoms(source(), m.Cols))
	}
	f, y := fixed(x, 128, Fixed16), make([]float32, tokens*m.Rows)
	bands := min(m.Bands(), max(2, int(4e8)/tokens/m.Cols/bandRows))
	var functions []func(int)
	for _, m := range list {
		s := NewScratch()
		functions = append(functions, func(round int) {
			b0 := round * bands % (m.Bands() - bands + 1)
			MatMulGrouped(y, m.Rows, m, b0, b0+bands, f, s)
		})
	}
	t := sideBySide(b, 30, functions...)
	macs := float64(bands * bandRows * m.Cols * tokens)
	b.ReportMetric(macs/float64(t.best(0).Nanoseconds()), "two-bits-GMAC/s")
	b.ReportMetric(macs/float64(t.best(1).Nanoseconds()), "form-GMAC/s")
	b.ReportMetric(0, "ns/op")
}
