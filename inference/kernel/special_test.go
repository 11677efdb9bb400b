package kernel

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"testing"
)

// TestEmpty runs every function on nothing.
func TestEmpty(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		m, _ := randomMatrix(source(), 9, 200)
		q := make([]int8, m.PaddedCols())
		y := []float32{7, 7}
		MatVec(nil, m, 0, 0, q, 0, 1)
		MatMul(nil, 0, m, 2, 2, q, make([]int32, 1), make([]float32, 1), NewScratch())
		MatMul(nil, 0, m, 0, 3, nil, nil, nil, NewScratch())
		MatVecF16(nil, nil, 40, make([]float32, 40))
		Scores(nil, make([]float32, 40), nil, 1)
		WeightedSum(make([]float32, 40), nil, nil)
		WeightedSumF16(nil, y, nil)
		Scan(nil, nil, nil, nil, new(ScanVector))
		softmax(nil)
		RMSNorm(nil, nil, nil, 1e-5)
		SiLUMul(nil, nil, nil)
		ReLU2Mul(nil, nil, nil)
		Add(nil, nil)
		RopeHalf(nil, nil, nil)
		RopeAdjacent(nil, nil, nil)
		ToF16(nil, nil)
		DecodeF16(nil, nil)
		if s, sum := Quantize(nil, nil); s != 127/float32(1e-5) || sum != 0 || ReadBandwidth(nil) != 0 {
			t.Errorf("Quantize of nothing gives %v, %d", s, sum)
		}
		// A sum of no products is 0, whatever was there.
		MatVecF32(y, nil, 0, nil)
		if y[0] != 0 || y[1] != 0 {
			t.Errorf("two rows of no columns: %v", y)
		}
	})
}

// TestSpecialsStayInPlace puts an infinity or a NaN into one element of a matrix:
// its row (or column) alone gets it. The rest of a row is read together with
// values before it, which must not count twice even when they are infinite.
func TestSpecialsStayInPlace(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachPath(t, func(t *testing.T) {
		for _, n := range []int{3, 8, 9, 15, 17, 31, 33, 47, 65, 71, 100, 133} {
			for _, rows := range []int{1, 3, 4, 6} {
				for _, v := range []float32{inf, -inf, nan} {
					at := (n*7 + rows*3) % (rows * n)
					w, x, p := make([]float32, rows*n), make([]float32, n), make([]float32, rows)
					for i := range w {
						w[i] = 0.5
					}
					for i := range x {
						x[i] = 2
					}
					for i := range p {
						p[i] = 2
					}
					w[at] = v
					check := func(name string, got []float32, place int, clean float32) {
						t.Helper()
						for i, g := range got {
							want := clean
							if i == place {
								want = v
							}
							if !alike(g, want) {
								t.Fatalf("%s of %d × %d with %v at %d: %d is %v, want %v", name, rows, n, v, at, i, g, want)
							}
						}
					}
					for f, matVec := range map[format]func(y []float32, w []byte, cols int, x []float32){
						f32: MatVecF32, f16: MatVecF16, bf16: MatVecBF16,
					} {
						y := make([]float32, rows)
						_, b := stored(f, w)
						matVec(y, b, n, x)
						check(fmt.Sprintf("MatVec %d", f), y, at/n, float32(n))
					}
					_, b := stored(f16, w)
					s, out := make([]float32, rows), make([]float32, n)
					Scores(s, x, w, 1)
					check("Scores", s, at/n, float32(n))
					ScoresF16(s, x, halves(b), 1)
					check("ScoresF16", s, at/n, float32(n))
					WeightedSum(out, p, w)
					check("WeightedSum", out, at%n, float32(rows))
					clear(out)
					WeightedSumF16(out, p, halves(b))
					check("WeightedSumF16", out, at%n, float32(rows))
				}
			}
		}
	})
}

// TestGenericBits holds the definition to the same bits on every system: this is
// a hash of what it makes of fixed inputs. Whoever changes the generic code on
// purpose changes it here.
func TestGenericBits(t *testing.T) {
	before := running
	defer use(before)
	use(generic)

	rng := source()
	floats := func(n int) []float32 { // exact on every system, unlike randoms
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(int32(rng.Uint32())) * (1.0 / (1 << 29))
		}
		return x
	}
	sum := fnv.New64a()
	add := func(x ...float32) {
		for _, v := range x {
			_ = binary.Write(sum, binary.LittleEndian, math.Float32bits(v))
		}
	}
	const n, rows = 133, 5
	x, w, y, half := floats(n), floats(n), make([]float32, n), floats(n/2)
	m, s := floats(rows*n), make([]float32, rows)
	_, b := stored(f16, m)
	MatVecF16(s, b, n, x)
	add(s...)
	Scores(s, x, m, 0.125)
	add(s...)
	ScoresF16(s, x, halves(b), 0.125)
	add(s...)
	WeightedSum(y, s, m)
	add(y...)
	WeightedSumF16(y, s, halves(b))
	add(y...)
	RMSNorm(y, x, w, 1e-5)
	add(y...)
	SiLUMul(y, x, w)
	add(y...)
	RopeHalf(y[1:], half, half)
	RopeAdjacent(y[1:], half, half)
	add(y...)
	softmax(x)
	add(x...)
	for i := range 1 << 14 {
		add(exp(float32(i-1<<13) * (1.0 / 128)))
	}
	if got, want := sum.Sum64(), uint64(0x531d9638705758f7); got != want {
		t.Errorf("the hash is %#x, want %#x", got, want)
	}
}
