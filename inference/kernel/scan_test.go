package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tern/model/ternary"
)

// coded is a random matrix [rows][cols] in codes.
type coded struct {
	w      []float32
	codes  []byte
	scales []uint16
	dither ScanDither
}

// randomDither is for rows and vectors of cols columns.
func randomDither(rng *rand.Rand, cols int) ScanDither {
	n := ScanGroups(cols) * ScanCols
	d := ScanDither{make([]uint16, n), make([]uint16, n)}
	for i := range n {
		d.Rows[i], d.Vectors[i] = uint16(rng.Uint32()), uint16(rng.Uint32())
	}
	return d
}

func randomCoded(rng *rand.Rand, rows, cols int, value func(r, c int) float32) *coded {
	bands, groups := ScanBands(rows), ScanGroups(cols)
	m := &coded{
		w:      make([]float32, rows*cols),
		codes:  ternary.Alloc[byte](bands * ScanBandBytes(cols)),
		scales: make([]uint16, bands*groups*ScanRows),
		dither: randomDither(rng, cols),
	}
	for i := range m.w {
		m.w[i] = value(i/cols, i%cols)
	}
	for r := range rows {
		b := r / ScanRows
		ScanEncode(m.codes[b*ScanBandBytes(cols):][:ScanBandBytes(cols)], m.scales[b*groups*ScanRows:][:groups*ScanRows],
			r%ScanRows, m.w[r*cols:][:cols], 1, scanLeast, m.dither.Rows)
	}
	return m
}

func noTiny(int) float32 { return 0 }

// TestScan compares every path with the generic code, bit for bit, and the bounds with
// the products in float64.
func TestScan(t *testing.T) {
	rng := source()
	values := map[string]func(r, c int) float32{
		"normal":    func(r, c int) float32 { return float32(rng.NormFloat64()) },
		"outliers":  func(r, c int) float32 { return float32(rng.NormFloat64() * math.Pow(30, float64(rng.IntN(40)/39))) },
		"zeros":     func(r, c int) float32 { return 0 },
		"extremes":  func(r, c int) float32 { return float32(1 - 2*rng.IntN(2)) },
		"one sided": func(r, c int) float32 { return 1 },
		"tiny rows": func(r, c int) float32 { return float32(rng.NormFloat64() * math.Pow(10, float64(-3*(r%5)))) },
		"not finite": func(r, c int) float32 {
			if r%3 == 1 && c == 5 {
				return float32(math.Inf(1 - r%2*2))
			}
			return float32(rng.NormFloat64())
		},
	}
	for _, cols := range []int{1, 63, 64, 65, 128, 200, 1536} {
		for name, value := range values {
			rows := 16 * (1 + rng.IntN(9))
			m := randomCoded(rng, rows, cols, value)
			x := make([]float32, cols)
			for i := range x {
				x[i] = value(rows, i)
				if name == "not finite" {
					x[i] = float32(rng.NormFloat64())
				}
			}
			var want [2][]float32
			eachPath(t, func(t *testing.T) {
				var v ScanVector
				v.Set(x, m.dither, noTiny)
				got := [2][]float32{make([]float32, rows), make([]float32, rows)}
				Scan(got[0], got[1], m.codes, m.scales, &v)
				var generic [2][]float32
				for i := range generic {
					generic[i] = make([]float32, rows)
				}
				scanGeneric(generic[0], generic[1], m.codes, m.scales, &v)
				for i := range got {
					if !slices.EqualFunc(got[i], generic[i], alike) {
						t.Fatalf("%s, %d × %d: %v, generic code %v", name, rows, cols, got[i], generic[i])
					}
				}
				if want[0] == nil {
					want = got
				}
				if !slices.EqualFunc(got[0], want[0], alike) {
					t.Fatalf("%s, %d × %d: differs from another path", name, rows, cols)
				}
				for r := range rows {
					var exact float64
					for c := range cols {
						exact += float64(m.w[r*cols+c]) * float64(x[c])
					}
					exact = math.Ldexp(exact, v.Exponent())
					if !(exact-exact == 0) {
						if lo, hi := float64(got[0][r]), float64(got[1][r]); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
							t.Fatalf("%s: row %d is not finite, its bounds are %g and %g", name, r, lo, hi)
						}
						continue
					}
					if float64(got[0][r]) > exact || float64(got[1][r]) < exact {
						t.Fatalf("%s, %d × %d: row %d is %g, its bounds %g and %g", name, rows, cols, r, exact, got[0][r], got[1][r])
					}
				}
			})
		}
	}
}

// TestScanEach: several vectors give, bit for bit, what each gives alone.
func TestScanEach(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, size := range [][2]int{{16, 1}, {32, 64}, {48, 130}, {16, 1536}} {
			rows, cols := size[0], size[1]
			m := randomCoded(rng, rows, cols, func(r, c int) float32 { return float32(rng.NormFloat64()) })
			for n := range MaxVectors + 1 {
				var lower, upper [][]float32
				var x []*ScanVector
				for i := range n {
					v := randoms(rng, cols)
					if i == 2 {
						v[cols/2] = float32(math.NaN())
					}
					x = append(x, new(ScanVector))
					x[i].Set(v, m.dither, noTiny)
					lower, upper = append(lower, make([]float32, rows)), append(upper, make([]float32, rows))
				}
				ScanEach(lower, upper, m.codes, m.scales, x, ScanCodes{})
				for i, v := range x {
					lo, hi := make([]float32, rows), make([]float32, rows)
					Scan(lo, hi, m.codes, m.scales, v)
					if !slices.Equal(lower[i], lo) || !slices.Equal(upper[i], hi) {
						t.Fatalf("%s: vector %d of %d has other bounds together", sizeName(size), i, n)
					}
				}
			}
		}
	})
}

// TestScanIsTight: the bounds are as near as the proof says, and errors of the codes
// reach a good part of them.
func TestScanIsTight(t *testing.T) {
	rng := source()
	const rows, cols = 16 * 64, 2560
	m := randomCoded(rng, rows, cols, func(r, c int) float32 { return float32(rng.NormFloat64()) })
	x := make([]float32, cols)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	var v ScanVector
	v.Set(x, m.dither, noTiny)
	lower, upper := make([]float32, rows), make([]float32, rows)
	Scan(lower, upper, m.codes, m.scales, &v)
	var worst, width float64
	for r := range rows {
		var exact float64
		for c := range cols {
			exact += float64(m.w[r*cols+c]) * float64(x[c])
		}
		exact = math.Ldexp(exact, v.Exponent())
		half := float64(upper[r]-lower[r]) / 2
		worst = max(worst, math.Abs(exact-float64(upper[r]+lower[r])/2)/half)
		width += half / math.Ldexp(math.Sqrt(cols), v.Exponent()) / rows
	}
	// Of so many errors with the deviation half/(3.1·√12)·… the largest is near 3.2 deviations.
	t.Logf("bounds are %.2f standard deviations of a product wide, the worst error is %.2f of that", width, worst)
	if width > 1.2 {
		t.Errorf("bounds are %.2f standard deviations of a product wide", width)
	}
	if worst < 0.2 || worst > 0.7 {
		t.Errorf("the largest error is %.2f of its bound", worst)
	}
}

func BenchmarkScan(b *testing.B) {
	const rows, cols = 32000, 2560
	m := ScanBands(rows)
	codes, scales := ternary.Alloc[byte](m*ScanBandBytes(cols)), ternary.Alloc[uint16](m*ScanGroups(cols)*ScanRows)
	for i := range codes {
		codes[i] = byte(i % 251)
	}
	for i := range scales {
		scales[i] = 0x3f80
	}
	x := make([]float32, cols)
	for i := range x {
		x[i] = float32(i % 19)
	}
	var v ScanVector
	v.Set(x, randomDither(source(), cols), noTiny)
	lower, upper := make([]float32, rows), make([]float32, rows)
	for _, p := range offered() {
		on(p, func() {
			b.Run(p.String(), func(b *testing.B) {
				b.SetBytes(int64(len(codes) + 2*len(scales)))
				for b.Loop() {
					Scan(lower, upper, codes, scales, &v)
				}
			})
			b.Run(p.String()+"/L2", func(b *testing.B) { // 256 rows
				const bands, groups = 16, cols / ScanCols
				n := bands * ScanBandBytes(cols)
				b.SetBytes(int64(n))
				for b.Loop() {
					Scan(lower[:bands*ScanRows], upper[:bands*ScanRows], codes[:n], scales[:bands*groups*ScanRows], &v)
				}
			})
			b.Run(p.String()+"/each", func(b *testing.B) { // 64 rows after the other, of all vectors
				const bands, groups = 4, cols / ScanCols
				n := bands * ScanBandBytes(cols)
				var lows, highs [MaxVectors][]float32
				var x [MaxVectors]*ScanVector
				for i := range x {
					lows[i], highs[i], x[i] = make([]float32, bands*ScanRows), make([]float32, bands*ScanRows), &v
				}
				b.SetBytes(int64(len(codes)))
				for b.Loop() {
					for at := 0; at < m; at += bands {
						ScanEach(lows[:], highs[:], codes[at*ScanBandBytes(cols):][:n], scales[at*groups*ScanRows:][:bands*groups*ScanRows], x[:], ScanCodes{})
					}
				}
			})
		})
	}
	b.Run("reading", func(b *testing.B) {
		b.SetBytes(int64(len(codes)))
		for b.Loop() {
			ReadBandwidth(codes)
		}
	})
}

func BenchmarkScanEncode(b *testing.B) {
	const cols = 2560
	codes, scales := make([]byte, ScanBandBytes(cols)), make([]uint16, ScanGroups(cols)*ScanRows)
	w, dither := make([]float32, cols), make([]uint16, cols)
	for i := range w {
		w[i] = float32(i%37) - 18
	}
	b.SetBytes(cols * 2)
	for b.Loop() {
		ScanEncode(codes, scales, 3, w, 1, scanLeast, dither)
	}
}
