package kernel

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// eachPath runs a test under every implementation that this machine has.
func eachPath(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	eachOffer(func(p path) { t.Run(p.String(), test) })
}

// eachOffer is eachPath without subtests, for fuzzing.
func eachOffer(test func(p path)) {
	for _, p := range offered() {
		on(p, func() { test(p) })
	}
}

// on runs f with the kernels of a path.
func on(p path, f func()) {
	before := running
	defer use(before)
	use(p)
	f()
}

// source returns numbers that are the same in every run of a test.
func source() *rand.Rand { return rand.New(rand.NewPCG(158, 1)) }

// TestRequiredPath is how CI makes sure that the fast kernels are not lost:
// KERNEL_REQUIRE names the path that must have been selected.
func TestRequiredPath(t *testing.T) {
	t.Logf("path %s, CPU offers %s", Path(), strings.Join(Features(), " "))
	if want := os.Getenv("KERNEL_REQUIRE"); want != "" && Path() != want {
		t.Errorf("KERNEL_REQUIRE=%s, but %s was selected", want, Path())
	}
}

func TestChoose(t *testing.T) {
	fast, slow := []path{avx2, generic}, []path{generic}
	for _, c := range []struct {
		wish    string
		offered []path
		want    string // "" for a panic
	}{
		{"", fast, "avx2"},
		{"", slow, "generic"},
		{"generic", fast, "generic"},
		{"generic", slow, "generic"},
		{"avx2", fast, "avx2"},
		{"avx2", slow, ""},
		{"avxvnni", []path{avx512, avxVNNI, avx2, generic}, "avxvnni"},
		{"avxvnni", fast, ""},
		{"AVX2", fast, ""},
		{"sse", fast, ""},
	} {
		t.Run(fmt.Sprint(c.wish, c.offered), func(t *testing.T) {
			defer func() {
				if p := recover(); (p != nil) != (c.want == "") {
					t.Errorf("panic %v", p)
				}
			}()
			if got := choose(c.wish, c.offered); got.String() != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestMisuse checks that slices which do not fit each other are refused before
// anything is read: the assembly trusts its lengths.
func TestMisuse(t *testing.T) {
	rng := source()
	m, _ := randomMatrix(rng, 9, 200)
	short := *m
	short.Data = short.Data[:len(short.Data)-1]
	f := func(n int) []float32 { return make([]float32, n) }
	fs := func(queries, n int) (x [][]float32) {
		for range queries {
			x = append(x, f(n))
		}
		return x
	}
	q := make([]int8, 2*m.PaddedCols())
	q1, sums, s := q[:m.PaddedCols()], make([]int32, 2), NewScratch()
	for name, call := range map[string]func(){
		"Quantize q":         func() { Quantize(make([]int8, 8), f(8)) },
		"MatVec q":           func() { MatVec(f(9), m, 0, 3, q1[1:], 0, 1) },
		"MatVec y":           func() { MatVec(f(8), m, 0, 3, q1, 0, 1) },
		"MatVec groups":      func() { MatVec(f(99), m, 0, 4, q1, 0, 1) },
		"MatVec order":       func() { MatVec(f(9), m, 2, 1, q1, 0, 1) },
		"MatVec negative":    func() { MatVec(f(9), m, -1, 1, q1, 0, 1) },
		"MatVec data":        func() { MatVec(f(9), &short, 0, 3, q1, 0, 1) },
		"MatMul q":           func() { MatMul(f(18), 9, m, 0, 3, q1, sums, f(2), s) },
		"MatMul y":           func() { MatMul(f(17), 9, m, 0, 3, q, sums, f(2), s) },
		"MatMul stride":      func() { MatMul(f(18), 8, m, 0, 3, q, sums, f(2), s) },
		"MatMul muls":        func() { MatMul(f(18), 9, m, 0, 3, q, sums, f(1), s) },
		"MatMul data":        func() { MatMul(f(18), 9, &short, 0, 3, q, sums, f(2), s) },
		"MatVecF32 w":        func() { MatVecF32(f(2), make([]byte, 63), 8, f(8)) },
		"MatVecF16 w":        func() { MatVecF16(f(2), make([]byte, 31), 8, f(8)) },
		"MatVecBF16 x":       func() { MatVecBF16(f(2), make([]byte, 32), 8, f(7)) },
		"Scores k":           func() { Scores(f(2), f(8), f(15), 1) },
		"ScoresF16 k":        func() { ScoresF16(f(2), f(8), make([]uint16, 15), 1) },
		"WeightedSum v":      func() { WeightedSum(f(8), f(2), f(15)) },
		"WeightedSumF16 v":   func() { WeightedSumF16(f(8), f(2), make([]uint16, 15)) },
		"ScoresEach queries": func() { ScoresEach(fs(2, 2), fs(1, 8), f(16), 1, nil) },
		"ScoresEach many":    func() { ScoresEach(fs(MaxQueries+1, 2), fs(MaxQueries+1, 8), f(16), 1, nil) },
		"ScoresEach s":       func() { ScoresEach([][]float32{f(2), f(1)}, fs(2, 8), f(16), 1, nil) },
		"ScoresEachF16 q":    func() { ScoresEachF16(fs(2, 2), [][]float32{f(8), f(7)}, make([]uint16, 16), 1, nil) },
		"WeightedSumEach v":  func() { WeightedSumEach(fs(2, 8), fs(2, 2), f(15), nil) },
		"WeightedSumEach16":  func() { WeightedSumEachF16(fs(2, 8), fs(2, 2), make([]uint16, 15), nil) },
		"RMSNorm y":          func() { RMSNorm(f(7), f(8), f(8), 0) },
		"RMSNorm w":          func() { RMSNorm(f(8), f(8), f(7), 0) },
		"RMSNormRows y":      func() { RMSNormRows(f(15), f(16), f(8), 0) },
		"RMSNormRows w":      func() { RMSNormRows(f(16), f(16), f(7), 0) },
		"RMSNormRows no w":   func() { RMSNormRows(f(16), f(16), nil, 0) },
		"SiLUMul gate":       func() { SiLUMul(f(8), f(7), f(8)) },
		"SiLUMul up":         func() { SiLUMul(f(8), f(8), f(7)) },
		"ReLU2Mul gate":      func() { ReLU2Mul(f(8), f(7), f(8)) },
		"ReLU2Mul up":        func() { ReLU2Mul(f(8), f(8), f(7)) },
		"Add x":              func() { Add(f(8), f(7)) },
		"RopeHalf x":         func() { RopeHalf(f(8), f(3), f(3)) },
		"RopeHalf sin":       func() { RopeHalf(f(8), f(4), f(3)) },
		"RopeAdjacent x":     func() { RopeAdjacent(f(8), f(3), f(3)) },
		"RopeAdjacent sin":   func() { RopeAdjacent(f(8), f(4), f(3)) },
		"ToF16 dst":          func() { ToF16(make([]uint16, 7), f(8)) },
		"DecodeF32 src":      func() { DecodeF32(f(8), make([]byte, 31)) },
		"DecodeF16 src":      func() { DecodeF16(f(8), make([]byte, 15)) },
		"DecodeBF16 src":     func() { DecodeBF16(f(8), make([]byte, 15)) },
		"DecodeBF16 dst":     func() { DecodeBF16(f(8), make([]byte, 18)) },
		"MatMul long stride": func() { MatMul(f(18), 10, m, 0, 3, q, sums, f(2), s) },
		"Scan rows":          func() { Scan(f(15), f(15), nil, nil, new(ScanVector)) },
		"Scan upper":         func() { Scan(f(16), f(15), nil, nil, new(ScanVector)) },
		"ScanEncode codes":   func() { ScanEncode(make([]byte, 511), make([]uint16, 16), 0, f(9), 1, 0, make([]uint16, 64)) },
		"ScanEncode row":     func() { ScanEncode(make([]byte, 512), make([]uint16, 16), 16, f(9), 1, 0, make([]uint16, 64)) },
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
}

// TestNoAllocations runs every function as a decoded token does.
func TestNoAllocations(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		const n = 133
		m, _ := randomMatrix(source(), 9, n)
		f := func(n int) []float32 { return make([]float32, n) }
		x, y, up, cos := f(n), f(n), f(n), f(n/2)
		q := make([]int8, 3*m.PaddedCols())
		q1, sums, muls, out, s := q[:m.PaddedCols()], make([]int32, 3), f(3), f(27), NewScratch()
		w, h, kv := make([]byte, 2*n*4), make([]uint16, 2*n), f(2*n)
		two, each := [...][]float32{f(2), f(2), f(2)}, [...][]float32{f(96), f(96), f(96)}
		head := f(96 * n)
		var scanned ScanVector
		codes, scales, dither := make([]byte, ScanBandBytes(n)), make([]uint16, 3*ScanRows), randomDither(source(), n)
		for name, call := range map[string]func(){
			"Quantize":       func() { Quantize(make([]int8, 256), x) },
			"MatVec":         func() { MatVec(out, m, 0, 3, q1, 0, 1) },
			"MatMul":         func() { MatMul(out, 9, m, 0, 3, q, sums, muls, s) },
			"MatVecF32":      func() { MatVecF32(out[:2], w, n, x) },
			"MatVecF16":      func() { MatVecF16(out[:2], w[:4*n], n, x) },
			"MatVecBF16":     func() { MatVecBF16(out[:2], w[:4*n], n, x) },
			"Scores":         func() { Scores(out[:2], x, kv, 1) },
			"ScoresF16":      func() { ScoresF16(out[:2], x, h, 1) },
			"WeightedSum":    func() { WeightedSum(y, out[:2], kv) },
			"WeightedSumF16": func() { WeightedSumF16(y, out[:2], h) },
			"ScoresEach":     func() { ScoresEachF16(two[:], each[:], h[:2*96], 1, nil) },
			"WeightedEach":   func() { WeightedSumEachF16(each[:], two[:], h[:2*96], nil) },
			"Softmax":        func() { softmax(y) },
			"RMSNorm":        func() { RMSNorm(y, x, up, 1e-5) },
			"SiLUMul":        func() { SiLUMul(y, x, up) },
			"ReLU2Mul":       func() { ReLU2Mul(y, x, up) },
			"Add":            func() { Add(y, x) },
			"RopeHalf":       func() { RopeHalf(y[1:], cos, cos) },
			"RopeAdjacent":   func() { RopeAdjacent(y[1:], cos, cos) },
			"ToF16":          func() { ToF16(h[:n], x) },
			"DecodeF16":      func() { DecodeF16(y, w[:2*n]) },
			"ReadBandwidth":  func() { ReadBandwidth(w) },
			"Hadamard":       func() { Hadamard(kv[:256], kv[:256], 128) },
			"DeltaStep":      func() { DeltaStep(each[0], head, kv[:n], kv[n:], each[1], 1, 1, 1) },
			"Convolve":       func() { Convolve(kv[:240], 8, 8, cos[:32]) },
			"SigmoidMul":     func() { SigmoidMul(y, x) },
			"Scan": func() {
				scanned.Set(x, dither, noTiny)
				Scan(y[:16], up[:16], codes, scales, &scanned)
			},
		} {
			call() // grows the scratch
			if got := testing.AllocsPerRun(5, call); got != 0 {
				t.Errorf("%s allocates %v times", name, got)
			}
		}
	})
}

func sizeName(size [2]int) string { return fmt.Sprintf("%dx%d", size[0], size[1]) }
