package measure

import (
	"context"
	"errors"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tern/inference"
	"tern/inference/kernel"
	"tern/model"
	"tern/model/checkpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestModel looks at what the progress says and at what is refused; the numbers
// are looked at by the tests of tern bench.
func TestModel(t *testing.T) {
	m, err := checkpoint.Open(t.Context(), "../../assets/model", nil)
	if err != nil {
		t.Fatal(err)
	}
	phases := map[string]int{}
	o := Options{Prefill: 130, Decode: 3, Threads: []int{1, 2}, Memory: 1 << 20, Progress: func(p Progress) {
		phases[p.Phase]++
		if p.Done > p.Total+1 {
			t.Errorf("%+v", p)
		}
	}}
	r, err := Model(t.Context(), m, o)
	if err != nil || len(r.Runs) != 2 || r.Runs[1].Threads != 2 || r.Runs[1].Decode.Rate <= 0 || r.Model != m.Name {
		t.Errorf("%+v, %v", r, err)
	}
	for _, run := range r.Runs {
		if met := run.Threads > 1; run.PeakGMAC <= 0 || run.Prefill.Predicted <= 0 || run.Decode.Predicted <= 0 ||
			(run.BarrierUS > 0) != met || (run.Barriers > 2) != met || run.Barriers > 20 {
			t.Errorf("%+v", run)
		}
	}
	sum := int64(0)
	for _, p := range r.Memory {
		sum += p.Bytes
	}
	if sum != max(r.PeakRSS, sum) || r.Load <= 0 {
		t.Errorf("%d bytes of memory in parts, %d at the peak; ready in %g s", sum, r.PeakRSS, r.Load)
	}
	if phases["prefill"] != 4 || phases["decode"] < 6 || phases["memory"] != 2 {
		t.Errorf("progress %v", phases)
	}
	o.Contexts = []int{0, m.ContextLen}
	if _, err := Model(t.Context(), m, o); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Model(ctx, m, Options{Prefill: 1, Decode: 1, Threads: []int{1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestBytesPerToken compares the count with one by hand: for matrices with one
// scale, and with a scale per group, packed head included.
func TestBytesPerToken(t *testing.T) {
	for _, name := range []string{"goldens/hf-2b4t-packed", "goldens2/qwen3-q2_0-g64-tied"} {
		m, err := checkpoint.Open(t.Context(), "../../inference/testdata/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		weights := 0.0
		for _, p := range m.MemoryParts() { // the head is the embedding here
			weights += float64(p.Bytes)
		}
		row := float64(m.Embed.Type.Bytes(m.Dim))
		if g := m.Embed.Grouped; g != nil {
			row = float64(m.Dim/4 + 2*m.Dim/g.GroupCols)
		}
		position := float64(2 * m.Config.Layers * m.KVHeads * m.HeadDim)
		for _, c := range []struct {
			kv            inference.KVType
			depth, decode int
			want          float64
		}{
			{inference.KVF16, 0, 1, weights + row + 2*2*position},   // itself and the prompt's token
			{inference.KVF16, 0, 3, weights + row + 2*3*position},   // 2, 3 and 4 positions
			{inference.KVF32, 10, 3, weights + row + 4*13*position}, // 12, 13 and 14
		} {
			if got := bytesPerToken(m, c.kv, c.depth, c.decode, m.Head.Bytes()); got != c.want {
				t.Errorf("%s, %+v: %g, want %g", name, c, got, c.want)
			}
		}
		if got, want := ternaryWeights(m), m.Params()-int64(m.Embed.Rows*m.Embed.Cols)-normElements(m); got != want {
			t.Errorf("%s: %d ternary weights, want %d", name, got, want)
		}
	}
}

// TestPeaks: an activation of two bytes is multiplied half as fast, in the kernel
// of the model and beside it on registers alone.
func TestPeaks(t *testing.T) {
	one, err := checkpoint.Open(t.Context(), "../../inference/testdata/goldens/hf-2b4t-packed", nil)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := checkpoint.Open(t.Context(), "../../inference/testdata/goldens2/qwen3-q2_0-g64-tied", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*model.Model{one, groups} {
		p := measurePeaks(m, 1)
		if p.kernel <= 0 || (p.registers > 0) != (kernel.Peak(1) > 0) {
			t.Errorf("%s: %+v", m.Name, p)
		}
	}
	if grouped(one) != nil || grouped(groups) == nil {
		t.Error("the kinds of matrices are mixed up")
	}
}

func normElements(m *model.Model) (n int64) {
	for _, p := range m.MemoryParts() {
		if p.Name == model.PartNorms {
			n = p.Bytes / 4
		}
	}
	return n
}

func TestPeakRSS(t *testing.T) {
	if PeakRSS() < 1<<20 {
		t.Skip("this system does not tell the peak of the memory")
	}
	// What earlier tests took must neither be the peak nor serve the reading. The
	// race detector's own memory does both.
	debug.FreeOSMemory()
	forgets := forgetPeak()
	before := PeakRSS()
	const size = 64 << 20
	if before > 3*size {
		return
	}
	if _, err := ReadBandwidth(t.Context(), 2, size); err != nil {
		t.Fatal(err)
	}
	raised := PeakRSS()
	if forgets && raised < before+size/2 {
		t.Errorf("the peak went from %d to %d while %d bytes were read", before, raised, size)
	}
	if forgets && forgetPeak() && PeakRSS() > raised-size/2 {
		t.Errorf("the peak was forgotten and is still %d after %d", PeakRSS(), raised)
	}
}

// TestTimed: what takes less than the clock can tell is not taken for nothing.
func TestTimed(t *testing.T) {
	n := 0
	if took := timed(func() { n++ }); took < 1 || took > tick || n < 2 {
		t.Errorf("%v, %d times", took, n)
	}
	n = 0
	if took := timed(func() { n++; time.Sleep(2 * tick) }); took < tick || n != 1 {
		t.Errorf("%v, %d times", took, n)
	}
}
