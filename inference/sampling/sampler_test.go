package sampling

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSamplerGreedy(t *testing.T) {
	s := New(Params{})
	for _, c := range []struct {
		logits []float32
		want   int32
	}{
		{[]float32{1}, 0},
		{[]float32{1, 3, 2}, 1},
		{[]float32{3, 1, 3}, 0}, // ties go to the lower id
		{[]float32{-5, -1, -2}, 1},
	} {
		if got, err := s.Sample(c.logits); err != nil || got != c.want {
			t.Errorf("%v: got %d, %v, want %d", c.logits, got, err, c.want)
		}
	}
}

func TestSamplerRefusesNonFinite(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, o := range []Params{{}, Default} {
			if _, err := New(o).Sample([]float32{1, bad, 2}); !errors.Is(err, ErrNonFinite) {
				t.Errorf("%g with %+v: error %v", bad, o, err)
			}
		}
	}
}

// TestArgmax: of any number of values the first of the largest is found, and one number that
// is not finite wherever it stands.
func TestArgmax(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 1023, 4096, 8197} {
		for range 20 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(rng.IntN(max(2, n/2))) - float32(n) // with ties
			}
			if rng.IntN(4) == 0 && n > 0 {
				x[rng.IntN(n)], x[rng.IntN(n)] = 0, float32(math.Copysign(0, -1)) // equal
			}
			want := 0
			for i := range x {
				if x[i] > x[want] {
					want = i
				}
			}
			if got := Argmax(x); int(got) != want || !Finite(x) {
				t.Fatalf("of %d: %d, want %d, finite %v", n, got, want, Finite(x))
			}
			if n == 0 {
				continue
			}
			i := rng.IntN(n)
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
				if x[i] = bad; Finite(x) {
					t.Fatalf("%g at %d of %d is taken for finite", bad, i, n)
				}
			}
		}
	}
	least := []float32{float32(math.Inf(-1)), float32(math.Inf(-1))}
	if Argmax(least) != 0 {
		t.Errorf("of -Inf alone: %d", Argmax(least))
	}
}

func BenchmarkArgmax(b *testing.B) {
	x := make([]float32, 151669) // as Ternary Bonsai has
	for i := range x {
		x[i] = float32(i % 1000)
	}
	s := New(Params{})
	b.ReportAllocs()
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		if _, err := s.Sample(x); err != nil {
			b.Fatal(err)
		}
	}
}

// slowDistribution is the obvious version of the chain: sort everything, apply
// one step after the other, return each token's probability.
func slowDistribution(logits []float32, recent []int32, o Params) map[int32]float64 {
	l := make([]float64, len(logits))
	for i, v := range logits {
		l[i] = float64(v)
		if o.RepeatPenalty > 0 && slices.Contains(recent, int32(i)) {
			if v > 0 {
				l[i] = float64(v / float32(o.RepeatPenalty))
			} else {
				l[i] = float64(v * float32(o.RepeatPenalty))
			}
		}
	}
	ids := make([]int32, len(l))
	for i := range ids {
		ids[i] = int32(i)
	}
	slices.SortStableFunc(ids, func(a, b int32) int {
		switch {
		case l[a] > l[b]:
			return -1
		case l[a] < l[b]:
			return 1
		}
		return 0
	})
	if o.TopK > 0 {
		ids = ids[:min(o.TopK, len(ids))]
	}
	total := 0.0
	for _, id := range ids {
		total += math.Exp(l[id] - l[ids[0]])
	}
	if o.TopP > 0 && o.TopP < 1 {
		sum := 0.0
		for i, id := range ids {
			if sum += math.Exp(l[id]-l[ids[0]]) / total; sum >= o.TopP {
				ids = ids[:i+1]
				break
			}
		}
	}
	if o.MinP > 0 {
		n := 0
		for n < len(ids) && math.Exp(l[ids[n]]-l[ids[0]]) >= o.MinP {
			n++
		}
		ids = ids[:n]
	}
	out, total := map[int32]float64{}, 0
	for _, id := range ids {
		out[id] = math.Exp((l[id] - l[ids[0]]) / o.Temperature)
		total += out[id]
	}
	for id := range out {
		out[id] /= total
	}
	return out
}

// TestSamplerDistribution draws often and compares the frequencies, and the set
// of tokens that appear, with the slow version.
func TestSamplerDistribution(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, o := range []Params{
		{Temperature: 1},
		{Temperature: 0.7, TopK: 5},
		{Temperature: 1.5, TopP: 0.8},
		{Temperature: 1, TopP: 0.5, TopK: 20},
		{Temperature: 0.9, MinP: 0.1},
		{Temperature: 1, TopP: 0.999},
		{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1.3},
	} {
		o.Seed = rng.Uint64()
		logits := make([]float32, 300)
		for i := range logits {
			logits[i] = float32(rng.NormFloat64() * 2)
		}
		before := slices.Clone(logits)
		s := New(o)
		recent := []int32{3, 7, 7, 100, 250}
		s.Accept(recent...)
		want := slowDistribution(logits, recent, o)

		const draws = 10000
		count := map[int32]int{}
		for range draws {
			id, err := s.Sample(logits)
			if err != nil {
				t.Fatal(err)
			}
			count[id]++
		}
		if !slices.Equal(logits, before) {
			t.Errorf("%+v: Sample changed the logits", o)
		}
		for id, n := range count {
			p := want[id]
			if p == 0 {
				t.Errorf("%+v: drew %d, which the settings exclude", o, id)
				continue
			}
			// Six standard deviations, and the rounding of small counts.
			if sd := math.Sqrt(draws * p * (1 - p)); math.Abs(float64(n)-draws*p) > 6*sd+3 {
				t.Errorf("%+v: token %d drawn %d times, want about %.0f", o, id, n, draws*p)
			}
		}
	}
}

func TestSamplerSeed(t *testing.T) {
	draw := func(seed uint64) (ids []int32) {
		s := New(Params{Temperature: 1, Seed: seed})
		logits := make([]float32, 1000)
		for range 20 {
			id, err := s.Sample(logits)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	if a, b := draw(7), draw(7); !slices.Equal(a, b) {
		t.Errorf("the same seed drew %v and %v", a, b)
	}
	if a, b := draw(7), draw(8); slices.Equal(a, b) {
		t.Errorf("two seeds drew %v", a)
	}
}

func TestSamplerWindow(t *testing.T) {
	s := New(Params{RepeatPenalty: 2})
	s.Accept(0)
	logits := []float32{3, 2, 1}
	if id, _ := s.Sample(logits); id != 1 {
		t.Errorf("a recent token was chosen: %d", id)
	}
	for range repeatWindow {
		s.Accept(2)
	}
	if id, _ := s.Sample(logits); id != 0 {
		t.Errorf("a token beyond the window is still held back: got %d", id)
	}
}

func TestSamplerAllocatesNothing(t *testing.T) {
	logits := make([]float32, 32000)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * 3)
	}
	for _, o := range []Params{{}, Default, {Temperature: 1, TopP: 0.9, RepeatPenalty: 1.1}} {
		s := New(o)
		if n := testing.AllocsPerRun(20, func() {
			id, _ := s.Sample(logits)
			s.Accept(id)
		}); n != 0 {
			t.Errorf("%+v: %g allocations per token", o, n)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	logits := make([]float32, 128256)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * 3)
	}
	for name, o := range map[string]Params{"greedy": {}, "default": Default, "top-p": {Temperature: 1, TopP: 0.9}} {
		b.Run(name, func(b *testing.B) {
			s := New(o)
			for b.Loop() {
				if _, err := s.Sample(logits); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAllow: only allowed tokens are drawn, as if there were no others, and a choice
// from those that are known is that from all.
func TestAllow(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const n = 300
	for round := range 200 {
		logits := make([]float32, n)
		set := make([]uint64, (n+63)/64)
		var few []float32 // those of the set
		var ids []int32
		var found []Candidate
		for i := range logits {
			logits[i] = float32(rng.IntN(40)) / 4 // some are equal
			if rng.IntN(1+round%20) == 0 {
				set[i/64] |= 1 << (i % 64)
				few, ids, found = append(few, logits[i]), append(ids, int32(i)), append(found, Candidate{int32(i), logits[i]})
			}
		}
		rng.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
		for _, o := range []Params{{}, {Temperature: 1, Seed: 1}, {Temperature: 2, TopK: 5, Seed: 2}, {Temperature: 1, TopK: 1000, TopP: 0.7, Seed: 3}, {Temperature: 1, MinP: 0.3, TopP: 0.9, Seed: 4}, {Temperature: 1, TopK: 20, RepeatPenalty: 1.5, Seed: 5}} {
			s, from, alone := New(o), New(o), New(o)
			s.Allow(set)
			from.Allow(set)
			if len(ids) == 0 {
				if _, err := s.Sample(logits); !errors.Is(err, ErrNothingAllowed) {
					t.Fatalf("nothing is allowed: %v", err)
				}
				continue
			}
			recent := ids[len(ids)/2]
			s.Accept(recent)
			from.Accept(recent)
			alone.Accept(int32(len(ids) / 2))
			for range 5 {
				got, err := s.Sample(logits)
				if err != nil || set[got/64]>>(got%64)&1 == 0 {
					t.Fatalf("%+v: %d, %v", o, got, err)
				}
				known, err := from.SampleFrom(slices.Clone(found))
				if err != nil || known != got {
					t.Fatalf("%+v: %d, and %d from those known, %v", o, got, known, err)
				}
				if o.Temperature > 0 && o.TopK == 0 && o.TopP == 0 { // unordered there
					continue
				}
				if i, err := alone.Sample(few); err != nil || o.TopK < len(few) && ids[i] != got {
					t.Fatalf("%+v: %d, and %d where there are no others, %v", o, got, ids[i], err)
				}
			}
			s.Allow(nil)
			if _, err := s.Sample(logits); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// BenchmarkAllow is BenchmarkSample where all tokens but some may be drawn.
func BenchmarkAllow(b *testing.B) {
	logits := make([]float32, 151936)
	rng := rand.New(rand.NewPCG(5, 6))
	set := make([]uint64, len(logits)/64)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * 3)
		if rng.IntN(20) > 0 {
			set[i/64] |= 1 << (i % 64)
		}
	}
	for name, set := range map[string][]uint64{"all": nil, "most": set} {
		for settings, o := range map[string]Params{"greedy": {}, "default": Default} {
			b.Run(name+"/"+settings, func(b *testing.B) {
				s := New(o)
				s.Allow(set)
				for b.Loop() {
					if _, err := s.Sample(logits); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
