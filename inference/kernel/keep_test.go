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

// TestSoon: places that a product fetches change no result, products with AVX-512 take one with
// each row group, or pair of them, from the first on, and none is left when they are forgotten.
func TestSoon(t *testing.T) {
	eachOffer(func(p path) {
		rng := source()
		const rows, cols, n = 46, 300, 9
		m, _ := randomMatrix(rng, rows, cols)
		place := make([]uint16, 96)
		for tokens := 1; tokens <= 9; tokens++ {
			q, sums := activations(m, tokens, func() int8 { return int8(rng.IntN(256) - 128) })
			muls, want, got := randoms(rng, tokens), make([]float32, tokens*rows), make([]float32, tokens*rows)
			MatMul(want, rows, m, 0, m.Groups(), q, sums, muls, NewScratch())
			s := NewScratch()
			for range n {
				Soon(s, place)
			}
			MatMul(got, rows, m, 0, 5, q, sums, muls, s)
			if fetches := p == avx512 && (tokens == 2 || tokens > 4 && tokens < 9); fetches && s.done == 0 || s.done > 5 {
				t.Errorf("%v, %d tokens: 5 row groups fetched %d places", p, tokens, s.done)
			}
			MatMul(got, rows, m, 5, m.Groups(), q, sums, muls, s)
			if !slices.Equal(got, want) {
				t.Errorf("%d tokens: other results with places to fetch", tokens)
			}
			s.Forget()
			if len(s.take(n)) > 0 {
				t.Errorf("%d tokens: places are left", tokens)
			}
		}
		s := NewScratch()
		Soon(s, make([]float32, 128))
		if len(s.take(n)) != 2 {
			t.Error("512 bytes are not two places")
		}
	})
}
