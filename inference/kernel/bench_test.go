package kernel

import (
	"fmt"
	"testing"

	"tern/model/ternary"
)

// Sizes: one that stays in L2, and one that comes from memory.
func BenchmarkMatVec(b *testing.B) {
	for _, size := range [][2]int{{1024, 1536}, {60000, 4096}, {400000, 4096}} {
		b.Run(sizeName(size), func(b *testing.B) {
			m, _ := randomMatrix(source(), size[0], size[1])
			q := make([]int8, m.PaddedCols())
			y := make([]float32, m.Rows)
			b.SetBytes(int64(len(m.Data)))
			for b.Loop() {
				MatVec(y, m, 0, m.Groups(), q, 0, 1)
			}
		})
	}
}

func BenchmarkMatMul(b *testing.B) {
	for _, size := range [][2]int{{1536, 1536}, {1536, 4096}, {2560, 6912}} {
		m, _ := randomMatrix(source(), size[0], size[1])
		for _, tokens := range []int{2, 3, 4, 5, 6, 8, 16, 32, 128} {
			b.Run(fmt.Sprintf("%s/T=%d", sizeName(size), tokens), func(b *testing.B) {
				q := make([]int8, m.PaddedCols()*tokens)
				y := make([]float32, m.Rows*tokens)
				sums, muls, s := make([]int32, tokens), make([]float32, tokens), NewScratch()
				for b.Loop() {
					MatMul(y, m.Rows, m, 0, m.Groups(), q, sums, muls, s)
				}
				macs := float64(b.N) * float64(m.Rows) * float64(m.Cols) * float64(tokens)
				b.ReportMetric(macs/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}

// BenchmarkHead is the logits product, from memory.
func BenchmarkHead(b *testing.B) {
	const rows, cols = 32002, 1536
	x, y := randoms(source(), cols), make([]float32, rows)
	for _, f := range []struct {
		name   string
		size   int
		matVec func(y []float32, w []byte, cols int, x []float32)
	}{{"f32", 4, MatVecF32}, {"f16", 2, MatVecF16}, {"bf16", 2, MatVecBF16}} {
		b.Run(f.name, func(b *testing.B) {
			w := ternary.NewArena(rows * cols * f.size).Bytes(rows * cols * f.size)
			for i := range w {
				w[i] = byte(i % 59)
			}
			b.SetBytes(int64(len(w)))
			for b.Loop() {
				f.matVec(y, w, cols, x)
			}
		})
	}
}

// BenchmarkAttention is one head over 1024 positions held as binary16.
func BenchmarkAttention(b *testing.B) {
	const n = 1024
	for _, dim := range []int{64, 96, 100, 128} {
		q, s, h := randoms(source(), dim), make([]float32, n), make([]uint16, n*dim)
		for i := range h {
			h[i] = uint16(i % 0x4000)
		}
		b.Run(fmt.Sprintf("scores/%d", dim), func(b *testing.B) {
			b.SetBytes(2 * n * int64(dim))
			for b.Loop() {
				ScoresF16(s, q, h, 1)
			}
		})
		b.Run(fmt.Sprintf("sum/%d", dim), func(b *testing.B) {
			b.SetBytes(2 * n * int64(dim))
			for b.Loop() {
				WeightedSumF16(q, s, h)
			}
		})
	}
}

// BenchmarkAttentionTogether is the same for MaxQueries queries.
func BenchmarkAttentionTogether(b *testing.B) {
	const n = 256
	for _, dim := range []int{64, 96, 128} {
		var q, s [][]float32
		for range MaxQueries {
			q, s = append(q, randoms(source(), dim)), append(s, make([]float32, n))
		}
		h := make([]uint16, n*dim)
		for i := range h {
			h[i] = uint16(i % 0x4000)
		}
		macs := func(b *testing.B) {
			b.ReportMetric(float64(b.N)*MaxQueries*n*float64(dim)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		}
		b.Run(fmt.Sprintf("scores/%d", dim), func(b *testing.B) {
			for b.Loop() {
				ScoresEachF16(s, q, h, 1, nil)
			}
			macs(b)
		})
		b.Run(fmt.Sprintf("sum/%d", dim), func(b *testing.B) {
			for b.Loop() {
				clear(q[0])
				WeightedSumEachF16(q, s, h, nil)
			}
			macs(b)
		})
	}
}

// BenchmarkSteps are the steps between the products, per token, in their usual
// sizes.
func BenchmarkSteps(b *testing.B) {
	x, y, up := randoms(source(), 4096), make([]float32, 4096), randoms(source(), 4096)
	q, h := make([]int8, 4096), make([]uint16, 4096)
	for _, f := range []struct {
		name string
		run  func()
	}{
		{"Quantize/4096", func() { Quantize(q, x) }},
		{"RMSNorm/1536", func() { RMSNorm(y[:1536], x[:1536], up[:1536], 1e-5) }},
		{"SiLUMul/4096", func() { SiLUMul(y, x, up) }},
		{"ReLU2Mul/4096", func() { ReLU2Mul(y, x, up) }},
		{"Softmax/1024", func() { copy(y, x[:1024]); softmax(y[:1024]) }},
		{"RopeHalf/96", func() { RopeHalf(y[:96], x[:48], up[:48]) }},
		{"RopeAdjacent/96", func() { RopeAdjacent(y[:96], x[:48], up[:48]) }},
		{"ToF16/1536", func() { ToF16(h[:1536], x[:1536]) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.run()
			}
		})
	}
}

func BenchmarkReadBandwidth(b *testing.B) {
	buf := ternary.NewArena(256 << 20).Bytes(256 << 20)
	for i := 0; i < len(buf); i += 4096 {
		buf[i] = 1
	}
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		ReadBandwidth(buf)
	}
}
