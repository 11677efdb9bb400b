package kernel

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"
	"time"
)

// TestHadamard compares with the matrix itself, undoes it, and refuses sizes that are not
// powers of two.
func TestHadamard(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, block := range []int{1, 2, 4, 8, 32, 64, 128, 256, 512} {
			x := make([]float32, 2*block)
			for i := range x {
				x[i] = float32(i*7919%31) - 15
			}
			got, signs := slices.Clone(x), randomSigns(2*block)
			Hadamard(got, signs, block)
			for i := range got {
				var want float64
				for c := range block {
					at := i/block*block + c
					v := float64(x[at] * signs[at])
					if bits.OnesCount(uint(i%block&c))%2 == 1 {
						v = -v
					}
					want += v
				}
				want /= math.Sqrt(float64(block))
				if math.Abs(float64(got[i])-want) > 1e-4 {
					t.Fatalf("block %d, value %d: %g, want %g", block, i, got[i], want)
				}
			}
			Hadamard(got, nil, block)
			for i := range got {
				if math.Abs(float64(got[i]*signs[i]-x[i])) > 1e-4 {
					t.Fatalf("block %d: twice is %g, want %g", block, got[i]*signs[i], x[i])
				}
			}
		}
	})
	for name, call := range map[string]func(){
		"no block":    func() { Hadamard(make([]float32, 24), nil, 0) },
		"odd":         func() { Hadamard(make([]float32, 24), nil, 3) },
		"no power":    func() { Hadamard(make([]float32, 24), nil, 12) },
		"not a share": func() { Hadamard(make([]float32, 24), nil, 16) },
		"signs":       func() { Hadamard(make([]float32, 64), make([]float32, 32), 32) },
		"state":       func() { f := make([]float32, 8); DeltaStep(f, make([]float32, 63), f, f, f, 1, 1, 1) },
		"q":           func() { f := make([]float32, 8); DeltaStep(f, make([]float32, 64), f, f[:7], f, 1, 1, 1) },
		"out":         func() { f := make([]float32, 8); DeltaStep(f[:7], make([]float32, 64), f, f, f, 1, 1, 1) },
		"channels":    func() { Convolve(make([]float32, 31), 8, 8, make([]float32, 32)) },
		"no channel":  func() { Convolve(make([]float32, 32), 8, 0, make([]float32, 32)) },
		"stride":      func() { Convolve(make([]float32, 32), 7, 8, make([]float32, 32)) },
		"no row":      func() { Convolve(nil, 8, 8, make([]float32, 32)) },
		"taps":        func() { Convolve(make([]float32, 32), 8, 8, make([]float32, 31)) },
		"no tap":      func() { Convolve(make([]float32, 32), 8, 8, nil) },
		"gate":        func() { SigmoidMul(make([]float32, 8), make([]float32, 7)) },
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

// randomSigns returns n times 1 or -1.
func randomSigns(n int) []float32 {
	rng, s := source(), make([]float32, n)
	for i := range s {
		s[i] = float32(2*rng.IntN(2) - 1)
	}
	return s
}

// TestHybridPaths holds all paths to the bits of the generic code, on every block size of
// a file and heads of all kinds of sizes.
func TestHybridPaths(t *testing.T) {
	type result struct{ a, b []float32 }
	cases := map[string]func() result{}
	for block := 1; block <= 8192; block *= 2 {
		for blocks := 1; blocks <= 3; blocks++ {
			for _, signs := range [][]float32{nil, randomSigns(block * blocks)} {
				cases[fmt.Sprintf("Hadamard/%d×%d/%t", blocks, block, signs != nil)] = func() result {
					x := randoms(source(), block*blocks)
					Hadamard(x, signs, block)
					return result{a: x}
				}
			}
		}
	}
	for _, size := range [][2]int{{1, 1}, {7, 31}, {16, 16}, {32, 32}, {33, 64}, {5, 127}, {128, 128}, {64, 160}, {256, 256}, {3, 300}} {
		cases[fmt.Sprintf("DeltaStep/%d×%d", size[0], size[1])] = func() result {
			rng := source()
			k, q, v, state := randoms(rng, size[0]), randoms(rng, size[0]), randoms(rng, size[1]), randoms(rng, size[0]*size[1])
			for range 2 {
				DeltaStep(v, state, k, q, v, 0.9, 0.7, -0.3)
			}
			return result{v, state}
		}
	}
	for name, run := range cases {
		var want result
		on(generic, func() { want = run() })
		eachOffer(func(p path) {
			if got := run(); !slices.Equal(got.a, want.a) || !slices.Equal(got.b, want.b) {
				t.Errorf("%v: %s differs from the generic code", p, name)
			}
		})
	}
}

// TestDeltaStep compares a sequence with the delta rule in float64, written as it is
// defined: decay, then the update, then the product.
func TestDeltaStep(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		const rows, cols, tokens = 24, 40, 20
		rng := source()
		state, exact := make([]float32, rows*cols), make([]float64, rows*cols)
		for token := range tokens {
			k, q, v := randoms(rng, rows), randoms(rng, rows), randoms(rng, cols)
			unit(k)
			unit(q)
			decay, step := 0.5+rng.Float32()/2, rng.Float32()
			var kq float32
			for i := range k {
				kq += k[i] * q[i]
			}
			want := make([]float64, cols)
			for j := range want {
				var seen float64
				for i := range k {
					exact[i*cols+j] *= float64(decay)
					seen += float64(k[i]) * exact[i*cols+j]
				}
				for i := range k {
					exact[i*cols+j] += float64(k[i]) * float64(step) * (float64(v[j]) - seen)
					want[j] += float64(q[i]) * exact[i*cols+j]
				}
			}
			out := make([]float32, cols)
			DeltaStep(out, state, k, q, v, decay, step, kq)
			for j := range out {
				if math.Abs(float64(out[j])-want[j]) > 2e-6 {
					t.Fatalf("token %d: %g, want %g", token, out[j], want[j])
				}
			}
		}
	})
}

func unit(x []float32) {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	for i := range x {
		x[i] /= float32(math.Sqrt(sum))
	}
}

// TestConvolve compares with float64, leaves alone what lies between the rows, and gives the
// same when tokens come one at a time.
func TestConvolve(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, n := range []int{1, 7, 8, 31, 32, 128, 200} {
			for taps := 1; taps <= 5; taps++ {
				const rows = 9
				stride := n + 3
				rng := source()
				x, w := randoms(rng, (rows-1)*stride+n), randoms(rng, taps*n)
				got := slices.Clone(x)
				Convolve(got, stride, n, w)
				for i, v := range got {
					row, c := i/stride, i%stride
					if row < taps-1 || c >= n {
						if v != x[i] {
							t.Fatalf("%d × %d: value %d of row %d is changed", taps, n, c, row)
						}
						continue
					}
					var sum, size float64
					for j := range taps {
						p := float64(w[j*n+c]) * float64(x[(row-taps+1+j)*stride+c])
						sum, size = sum+p, size+math.Abs(p)
					}
					if want := sum / (1 + math.Exp(-sum)); math.Abs(float64(v)-want) > 8*ulp*size {
						t.Fatalf("%d × %d: value %d of row %d is %g, want %g", taps, n, c, row, v, want)
					}
				}
				for row := taps - 1; row < rows; row++ {
					one := slices.Clone(x[(row-taps+1)*stride:][:(taps-1)*stride+n])
					Convolve(one, stride, n, w)
					if !slices.Equal(one[(taps-1)*stride:], got[row*stride:][:n]) {
						t.Fatalf("%d × %d: row %d alone differs", taps, n, row)
					}
				}
			}
		}
	})
}

// TestSigmoidMul compares with float64, and cuts anywhere.
func TestSigmoidMul(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		x := make([]float32, 1003)
		gate := make([]float32, len(x))
		for i := range x {
			x[i], gate[i] = float32(i%7)-3, float32(i)/5-100
		}
		y := slices.Clone(x)
		SigmoidMul(y, gate)
		for i, v := range y {
			want := float64(x[i]) / (1 + math.Exp(-float64(gate[i])))
			if gate[i] > -87 && math.Abs(float64(v)-want) > 4*ulp*math.Abs(want) {
				t.Fatalf("%g·σ(%g) is %g, want %g", x[i], gate[i], v, want)
			}
		}
		for _, at := range []int{1, 8, 13, 500} {
			cut := slices.Clone(x)
			SigmoidMul(cut[:at], gate[:at])
			SigmoidMul(cut[at:], gate[at:])
			if !slices.Equal(cut, y) {
				t.Errorf("cut at %d the results differ", at)
			}
		}
	})
}

// FuzzHybrid gives every path values of arbitrary bits.
func FuzzHybrid(f *testing.F) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	f.Add(bitsOf(1, -0.5, 0.25, 3, 1e-3), bitsOf(0.5, -2, 7), uint8(6), uint8(63))
	f.Add(bitsOf(math.MaxFloat32, -math.MaxFloat32), bitsOf(math.MaxFloat32), uint8(5), uint8(33))
	f.Add(bitsOf(math.SmallestNonzeroFloat32, 1e-38, -1e-45), bitsOf(1e-38), uint8(9), uint8(128))
	f.Add(bitsOf(1, 2, -inf, 4), bitsOf(inf, 0, nan), uint8(7), uint8(200))
	f.Fuzz(func(t *testing.T, first, second []byte, block, cols uint8) {
		if len(first) < 4 || len(second) < 4 {
			return
		}
		n, size := int(cols), 1<<(block%11)
		for name, run := range map[string]func() []float32{
			"Hadamard": func() []float32 {
				x := numbersOf(first, 2*size)
				Hadamard(x, nil, size)
				Hadamard(x, randomSigns(2*size), size)
				return x
			},
			"DeltaStep": func() []float32 {
				state, w, v := numbersOf(first, 9*n), numbersOf(second, 21), numbersOf(second, n)
				DeltaStep(v, state, w[:9], w[9:18], v, w[18], w[19], w[20])
				return append(v, state...)
			},
		} {
			var want []float32
			on(generic, func() { want = run() })
			eachOffer(func(p path) {
				if !allAlike(run(), want) {
					t.Errorf("%v: %s differs from the generic code", p, name)
				}
			})
		}
	})
}

// BenchmarkHadamard reports ns for a value, in blocks that stay in L1 and L2.
func BenchmarkHadamard(b *testing.B) {
	for _, block := range []int{32, 64, 256, 512, 1024, 2048, 4096, 8192} {
		for _, signed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/signs=%t", block, signed), func(b *testing.B) {
				x := randoms(source(), max(8192, block))
				var signs []float32
				if signed {
					signs = randomSigns(len(x))
				}
				t := sideBySide(b, 300, func(int) { Hadamard(x, signs, block) })
				b.ReportMetric(float64(t.best(0).Nanoseconds())/float64(len(x)), "ns/value")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkDeltaStep runs heads of 128 × 128 whose states come from memory, as in decode,
// and one head again and again, as in prefill. GB/s counts the state read and written.
func BenchmarkDeltaStep(b *testing.B) {
	const n, size = 128, 128 * 128
	rng := source()
	k, q, v, out := randoms(rng, n), randoms(rng, n), randoms(rng, n), make([]float32, n)
	unit(k)
	unit(q)
	states, heads := randoms(rng, 4096*size), 64
	for _, from := range []string{"memory", "cache"} {
		b.Run(from, func(b *testing.B) {
			t := sideBySide(b, 300, func(round int) {
				for h := range heads {
					at := 0
					if from == "memory" {
						at = (round*heads + h) % 4096
					}
					DeltaStep(out, states[at*size:][:size], k, q, v, 0.9, 0.7, 0.1)
				}
			})
			rate := func(d time.Duration) float64 { return float64(heads*size*8) / float64(d.Nanoseconds()) }
			b.ReportMetric(rate(t.best(0)), "GB/s")
			b.ReportMetric(rate(t.median(0)), "median-GB/s")
			b.ReportMetric(float64(t.best(0).Nanoseconds())/float64(heads), "ns/head")
			b.ReportMetric(0, "ns/op")
		})
	}
}
