package kernel

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/x448/float16"
)

// TestExp measures exp over its whole range.
func TestExp(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		var worst float64
		x := make([]float32, 1<<16)
		for i := range x {
			x[i] = expMin + float32(i)*((expMax-expMin)/float32(len(x)))
		}
		y := exps(x)
		for i, v := range x {
			want := math.Exp(float64(v))
			unit := math.Ldexp(1, max(math.Ilogb(want), -126)-23)
			worst = max(worst, math.Abs(float64(y[i])-want)/unit)
		}
		t.Logf("largest error %.2f ulp", worst)
		if worst > 2 {
			t.Error("more than 2 ulp")
		}
		inf, nan := float32(math.Inf(1)), float32(math.NaN())
		got := exps([]float32{-inf, -1e30, -88, -87.4, 0, 88, 100, inf})
		big := exps([]float32{88})[0]
		if want := []float32{0, 0, 0, 0, 1, big, big, big}; !slices.Equal(got, want) {
			t.Errorf("edges: %v, want %v", got, want)
		}
		if got := exps([]float32{nan})[0]; got == got {
			t.Errorf("exp(NaN) = %v", got)
		}
	})
}

func TestSoftmax(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, n := range append(lengths, 4096) {
			x := randoms(rng, n)
			s := slices.Clone(x)
			softmax(s)
			m, sum := slices.Max(x), 0.0
			for _, v := range x {
				sum += math.Exp(float64(v) - float64(m))
			}
			for i, v := range x {
				want := math.Exp(float64(v)-float64(m)) / sum
				// One rounding of v-m, which is up to 87 in size, then exp and sum.
				bound := want*float64(87+8+n/8)*ulp + 1e-38
				if math.Abs(float64(s[i])-want) > bound {
					t.Fatalf("%d values: %d is %v, want %v", n, i, s[i], want)
				}
			}
		}
		for _, n := range []int{1, 5, 8, 19} {
			s := slices.Repeat([]float32{float32(math.Inf(-1))}, n)
			s[n/2] = 3
			softmax(s)
			for i, v := range s {
				if want := i == n/2; want != (v == 1) || !want && v != 0 {
					t.Errorf("-Inf: %v", s)
				}
			}
			s[n/2] = float32(math.NaN())
			softmax(s)
			if i := slices.IndexFunc(s, func(v float32) bool { return v == v }); i >= 0 {
				t.Errorf("a NaN in %d values is lost: %v", n, s)
			}
		}
		softmax(nil)
	})
}

func TestRMSNorm(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, n := range lengths {
			x, w := randoms(rng, n+1)[1:], randoms(rng, n)
			y := make([]float32, n)
			RMSNorm(y, x, w, 1e-5)
			_, squares := exactDot(x, x)
			inv := 1 / math.Sqrt(squares/float64(n)+float64(float32(1e-5)))
			for i, v := range x {
				want := float64(w[i]) * float64(v) * inv
				if math.Abs(float64(y[i])-want) > 4*ulp*math.Abs(want) {
					t.Fatalf("%d values: %d is %v, want %v", n, i, y[i], want)
				}
			}
			RMSNorm(x, x, w, 1e-5)
			if !slices.Equal(x, y) {
				t.Fatalf("%d values: in place differs", n)
			}
		}
	})
}

// TestRMSNormRows: each row is that of RMSNorm, in place too.
func TestRMSNormRows(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, n := range lengths {
			if n == 0 {
				continue
			}
			for rows := range 10 {
				x, w := randoms(rng, rows*n), randoms(rng, n)
				want, got := make([]float32, rows*n), make([]float32, rows*n)
				for r := range rows {
					RMSNorm(want[r*n:][:n], x[r*n:][:n], w, 1e-5)
				}
				RMSNormRows(got, x, w, 1e-5)
				RMSNormRows(x, x, w, 1e-5)
				if !slices.Equal(got, want) || !slices.Equal(x, want) {
					t.Fatalf("%d rows of %d values differ from each alone", rows, n)
				}
			}
		}
	})
}

func TestSiLUMul(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, n := range lengths {
			gate, up := randoms(rng, n+1)[1:], randoms(rng, n)
			y := make([]float32, n)
			SiLUMul(y, gate, up)
			for i, g := range gate {
				want := float64(g) / (1 + math.Exp(-float64(g))) * float64(up[i])
				if math.Abs(float64(y[i])-want) > 12*ulp*math.Abs(want)+1e-35 {
					t.Fatalf("%d values: %d is %v, want %v", n, i, y[i], want)
				}
			}
			cut, at := make([]float32, n), rng.IntN(n+1)
			SiLUMul(cut[:at], gate[:at], up[:at])
			SiLUMul(cut[at:], gate[at:], up[at:])
			SiLUMul(gate, gate, up)
			if !slices.Equal(cut, y) || !slices.Equal(gate, y) {
				t.Fatalf("%d values: cut at %d or in place differs", n, at)
			}
		}
	})
}

// TestElementwise demands the bits of the formulas: no step is fused.
func TestElementwise(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, n := range lengths {
			x, up := randoms(rng, n+1)[1:], randoms(rng, n)
			y := make([]float32, n)
			ReLU2Mul(y, x, up)
			sum := slices.Clone(x)
			Add(sum, up)
			for i, v := range x {
				square := max(v, 0) * max(v, 0)
				if want := square * up[i]; y[i] != want {
					t.Fatalf("ReLU2Mul of %d values: %d is %v, want %v", n, i, y[i], want)
				}
				if want := v + up[i]; sum[i] != want {
					t.Fatalf("Add of %d values: %d is %v, want %v", n, i, sum[i], want)
				}
			}
			ReLU2Mul(x, x, up)
			if !slices.Equal(x, y) {
				t.Fatalf("ReLU2Mul of %d values in place differs", n)
			}

			head, cos, sin := randoms(rng, 2*n), randoms(rng, n), randoms(rng, n)
			half, adjacent := slices.Clone(head), slices.Clone(head)
			RopeHalf(half, cos, sin)
			RopeAdjacent(adjacent, cos, sin)
			turn := func(a, b float32, j int) [2]float32 {
				ac, bs := float32(a*cos[j]), float32(b*sin[j])
				bc, as := float32(b*cos[j]), float32(a*sin[j])
				return [2]float32{ac - bs, bc + as}
			}
			for j := range n {
				if got, want := [2]float32{half[j], half[j+n]}, turn(head[j], head[j+n], j); got != want {
					t.Fatalf("RopeHalf of %d pairs: %d is %v, want %v", n, j, got, want)
				}
				if got, want := [2]float32{adjacent[2*j], adjacent[2*j+1]}, turn(head[2*j], head[2*j+1], j); got != want {
					t.Fatalf("RopeAdjacent of %d pairs: %d is %v, want %v", n, j, got, want)
				}
			}
		}
		y := []float32{float32(math.NaN()), float32(math.Copysign(0, -1)), -1, 1, 2, 3, 4, 5}
		ReLU2Mul(y, y, []float32{1, 1, 1, 1, 1, 1, 1, 1})
		if y[0] == y[0] || !slices.Equal(y[1:], []float32{0, 0, 1, 4, 9, 16, 25}) {
			t.Errorf("ReLU2Mul of a NaN and others: %v", y)
		}
	})
}

// TestDecode goes through all numbers of 16 bits.
func TestDecode(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		const n = 1<<16 + 5 // the last ones again, for the rest of eight
		b := make([]byte, 2*n+1)[1:]
		for i := range n {
			binary.LittleEndian.PutUint16(b[2*i:], uint16(i-5))
		}
		y := make([]float32, n)
		DecodeF16(y, b)
		for i, v := range y {
			want := float16.Frombits(uint16(i - 5)).Float32()
			if math.Float32bits(v) != math.Float32bits(want) {
				t.Fatalf("binary16 %#x is %v, want %v", uint16(i-5), v, want)
			}
		}
		DecodeBF16(y, b)
		for i, v := range y {
			if want := uint32(uint16(i-5)) << 16; math.Float32bits(v) != want {
				t.Fatalf("bfloat16 %#x is %#x", uint16(i-5), math.Float32bits(v))
			}
		}
		x, b := stored(f32, randoms(source(), 333))
		y = y[:333]
		DecodeF32(y, b)
		if !slices.Equal(x, y) {
			t.Error("float32 differs")
		}
	})
}

func TestToF16(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		var x []float32
		for h := range 1 << 16 { // every number, and around its two borders
			v := float16.Frombits(uint16(h)).Float32()
			for _, d := range []uint32{0, 1, 0xfff, 0x1000, 0x1001, ^uint32(0)} {
				x = append(x, math.Float32frombits(math.Float32bits(v)+d))
			}
		}
		rng := source()
		for range 10001 {
			x = append(x, math.Float32frombits(rng.Uint32()))
		}
		y := make([]uint16, len(x))
		ToF16(y, x)
		for i, v := range x {
			if want := float16.Fromfloat32(v).Bits(); y[i] != want {
				t.Fatalf("%v (%#x) is %#x, want %#x", v, math.Float32bits(v), y[i], want)
			}
		}
	})
}

func TestReadBandwidth(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, n := range []int{0, 1, 7, 8, 9, 16383, 16384, 16385, 50000} {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			var want uint64
			for i, v := range b {
				want += uint64(v) << (i % 8 * 8)
			}
			if got := ReadBandwidth(b); got != want {
				t.Errorf("%d bytes: %#x, want %#x", n, got, want)
			}
		}
	})
}

// softmax is what attention makes of exponentials.
func softmax(s []float32) {
	_, sum := Exponentials(s)
	Scale(s, 1/sum)
}
