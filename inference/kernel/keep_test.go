package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tern/model/ternary"
)

// Pieces of matrices that share their activations give what whole ones give,
// and other activations are noticed after Keep.
func TestMatMulKeep(t *testing.T) {
	const rows, cols, tokens = 40, 300, 29
	rng := rand.New(rand.NewPCG(1, 2))
	s := NewScratch()
	for range 3 {
		var q []int8
		var sums []int32
		s.Keep()
		for seed := range uint64(2) {
			m := ternary.New(rows, cols)
			m.FillRandom(seed, 0, m.Groups())
			if q == nil {
				q, sums = activations(&m, tokens, func() int8 { return int8(rng.IntN(255) - 127) })
			}
			muls := slices.Repeat([]float32{1}, tokens)
			want, got := make([]float32, rows*tokens), make([]float32, rows*tokens)
			MatMul(want, rows, &m, 0, m.Groups(), q, sums, muls, NewScratch())
			for g := 0; g < m.Groups(); g += 3 {
				MatMul(got, rows, &m, g, min(g+3, m.Groups()), q, sums, muls, s)
			}
			if !slices.Equal(got, want) {
				t.Fatal("pieces differ from the whole")
			}
		}
	}
}
