package inference

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/x448/float16"

	"tern/inference/sampling"
	"tern/model"
)

// TestScanFindsTheTop compares the scan with the full product on heads and
// inputs made to be hard for it: many equal rows, rows that differ in one
// rounding, rows of zeros, huge and tiny scales.
func TestScanFindsTheTop(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 15))
	const rows, dim = 300, 64
	heads := map[string]func(r, c int) float32{
		"random":         func(r, c int) float32 { return float32(rng.NormFloat64()) },
		"all equal":      func(r, c int) float32 { return float32(c%7) - 3 },
		"equal in pairs": func(r, c int) float32 { return float32(math.Sin(float64(r/2*dim + c))) },
		"nearly equal": func(r, c int) float32 {
			v := float32(math.Cos(float64(c)))
			if c == r%dim {
				v = math.Nextafter32(v, 9)
			}
			return v
		},
		"scales from tiny to huge": func(r, c int) float32 {
			return float32(rng.NormFloat64() * math.Pow(10, float64(r%9-4)))
		},
		"below what a square can be": func(r, c int) float32 {
			return float32(rng.NormFloat64() * 1e-25)
		},
		"one large weight": func(r, c int) float32 {
			if c == r%dim {
				return 100
			}
			return float32(rng.NormFloat64())
		},
		"zeros": func(r, c int) float32 { return float32(r%2) * float32(rng.NormFloat64()) },
	}
	inputs := map[string]func(c int) float32{
		"random": func(c int) float32 { return float32(rng.NormFloat64()) },
		"one outlier": func(c int) float32 {
			if c == 5 {
				return 1000
			}
			return float32(rng.NormFloat64())
		},
		"zeros": func(int) float32 { return 0 },
		"tiny":  func(int) float32 { return float32(rng.NormFloat64() * 1e-30) },
	}
	for _, dtype := range []model.DType{model.F32, model.F16, model.BF16} {
		for headName, value := range heads {
			head := makeHead(dtype, rows, dim, value)
			for inputName, input := range inputs {
				x := make([]float32, dim)
				for c := range x {
					x[c] = input(c)
				}
				for _, k := range []int{1, 2, 40, 299, 300, 1024} {
					for _, ids := range [][]int32{nil, {0, 17, 299}} {
						for _, workers := range []int{1, 3} {
							name := fmt.Sprintf("%v, head %s, input %s, k %d, ids %v, %d workers",
								dtype, headName, inputName, k, ids, workers)
							checkScan(t, name, head, x, topRequest{k: k, ids: ids}, workers)
						}
					}
				}
				for _, share := range []int{1, 2, 60} { // of the tokens, one in as many may follow
					set, count := make([]uint64, (rows+63)/64), 0
					for r := range rows {
						if rng.IntN(share) == 0 || r == rows-1 {
							set[r/64] |= 1 << (r % 64)
							count++
						}
					}
					for _, k := range []int{1, 40, 1024} {
						name := fmt.Sprintf("%v, head %s, input %s, k %d of %d", dtype, headName, inputName, k, count)
						checkScan(t, name, head, x, topRequest{k: k, ids: []int32{rows - 1}, set: set, count: count}, 3)
					}
				}
				checkScan(t, "ids alone", head, x, topRequest{ids: []int32{3, 299, 298, 7}}, 3)
			}
		}
	}
}

func checkScan(t *testing.T, name string, head *model.Dense, x []float32, request topRequest, workers int) {
	t.Helper()
	own := *head // which the scan may narrow
	own.Data = slices.Clone(head.Data)
	s := newScanTest(&own, workers)
	defer s.crew.close()
	full := make([]float32, head.Rows)
	s.scratch[0].denseRows(full, head, 0, x)
	s.check(t, name, x, full, request)
}

// scanTest is a pass that has a head alone.
type scanTest struct {
	*pass
	crew *pool
}

func newScanTest(head *model.Dense, workers int) scanTest {
	m := &model.Model{}
	m.VocabSize, m.Head = head.Rows, head
	crew := newPool(workers)
	return scanTest{&pass{engine: &Engine{model: m, pool: crew, scan: buildHeadScan(head)}, scratch: make([]scratch, workers)}, crew}
}

// check compares what the scan finds for x, beside another token, with all logits.
func (s scanTest) check(t *testing.T, name string, x, full []float32, request topRequest) {
	t.Helper()
	s.heads = []headRow{{request: &topRequest{k: 7}}, {request: &request}}
	s.scanState().allocate(2)
	xs := newMatrix(2, len(x))
	xs.row(0)[0] = 1
	copy(xs.row(1), x)
	if err := s.crew.run(t.Context(), func(_ context.Context, w *worker) { s.scanTop(w, xs) }); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	checkFound(t, name, s.top.found[1], full, request)
}

// TestScanOfManyInputs compares the scan with the full product for many inputs, with
// columns that are a multiple of a group, of what can be narrowed, and of neither.
func TestScanOfManyInputs(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 1))
	for _, dtype := range []model.DType{model.F16, model.BF16} {
		for _, dim := range []int{256, 160, 100} {
			head := makeHead(dtype, 3000, dim, func(r, c int) float32 {
				return float32(rng.NormFloat64() * math.Exp(rng.NormFloat64()/2) / 30)
			})
			own := *head
			own.Data = slices.Clone(head.Data)
			s := newScanTest(&own, 2)
			if narrowed := own.Narrow != nil; narrowed != (dtype == model.BF16 && dim%32 == 0) {
				t.Errorf("%v, %d columns: narrowed: %v", dtype, dim, narrowed)
			}
			full, again := make([]float32, head.Rows), make([]float32, head.Rows)
			for i := range 60 {
				x := make([]float32, dim)
				for c := range x {
					x[c] = float32(rng.NormFloat64())
				}
				for range i % 4 {
					x[rng.IntN(dim)] *= float32(math.Pow(10, rng.Float64()*4))
				}
				if i%3 == 0 { // near a row
					decodeRow(x, head, rng.IntN(head.Rows))
				}
				s.scratch[0].denseRows(full, head, 0, x)
				s.scratch[0].denseRows(again, &own, 0, x)
				if !slices.Equal(full, again) {
					t.Fatalf("%v, %d columns: all logits differ once the head is narrowed", dtype, dim)
				}
				for _, k := range []int{1, 3, 40} {
					s.check(t, fmt.Sprintf("%v, %d columns, input %d, k %d", dtype, dim, i, k), x, full, topRequest{k: k})
				}
			}
			s.crew.close()
		}
	}
}

// checkFound compares what a scan found with all logits.
func checkFound(t *testing.T, name string, found []sampling.Candidate, full []float32, request topRequest) {
	t.Helper()
	var want []sampling.Candidate
	for r, l := range full {
		if request.has(r) {
			want = append(want, sampling.Candidate{ID: int32(r), Logit: l})
		}
	}
	slices.SortFunc(want, sampling.ByLogit)
	for _, c := range found {
		if full[c.ID] != c.Logit {
			t.Fatalf("%s: logit %d is %g, the full product says %g", name, c.ID, c.Logit, full[c.ID])
		}
	}
	for _, id := range request.ids {
		if !slices.ContainsFunc(found, func(c sampling.Candidate) bool { return c.ID == id }) {
			t.Fatalf("%s: id %d is missing", name, id)
		}
	}
	got := slices.Clone(found)
	slices.SortFunc(got, sampling.ByLogit)
	k := min(request.k, len(want))
	if len(got) < k || !slices.Equal(got[:k], want[:k]) {
		t.Fatalf("%s: the scan finds %v, want %v", name, got[:min(k, len(got), 9)], want[:min(k, 9)])
	}
}

func makeHead(dtype model.DType, rows, dim int, value func(r, c int) float32) *model.Dense {
	d := &model.Dense{Rows: rows, Cols: dim, Type: dtype}
	for r := range rows {
		for c := range dim {
			v := value(r, c)
			switch dtype {
			case model.F32:
				d.Data = binary.LittleEndian.AppendUint32(d.Data, math.Float32bits(v))
			case model.F16:
				d.Data = binary.LittleEndian.AppendUint16(d.Data, float16.Fromfloat32(v).Bits())
			case model.BF16:
				d.Data = binary.LittleEndian.AppendUint16(d.Data, uint16(math.Float32bits(v)>>16))
			}
		}
	}
	return d
}

// TestScanPrunes checks that the scan is worth its name on a head of usual
// values: few rows are left to compute.
func TestScanPrunes(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	head := makeHead(model.F16, 8000, 1536, func(r, c int) float32 { return float32(rng.NormFloat64()) })
	x := newMatrix(1, head.Cols)
	for c := range x.data {
		x.data[c] = float32(rng.NormFloat64())
	}
	m := &model.Model{}
	m.VocabSize, m.Head = head.Rows, head
	workers := newPool(2)
	defer workers.close()
	p := &pass{engine: &Engine{model: m, pool: workers, scan: buildHeadScan(head)}, scratch: make([]scratch, 2)}
	p.scanState().allocate(1)
	for _, k := range []int{1, 40} {
		p.heads = []headRow{{request: &topRequest{k: k}}}
		if err := workers.run(t.Context(), func(_ context.Context, w *worker) { p.scanTop(w, x) }); err != nil {
			t.Fatal(err)
		}
		t.Logf("k %d: %d of %d rows computed", k, len(p.top.found[0]), head.Rows)
		// The dither is drawn anew in each run: 650 to 970 rows were seen for k = 40.
		if n := len(p.top.found[0]); n > 30*k+100 {
			t.Errorf("k %d: %d of %d rows computed", k, n, head.Rows)
		}
	}
}

// TestScanGenerates checks that texts are the same with the scan and without,
// for every way of choosing that uses it.
func TestScanGenerates(t *testing.T) {
	dir := filepath.Join(goldens, "hf-1bitllm-f32")
	plain, scanned := open(t, dir, 2), open(t, dir, 2)
	scanned.scan = buildHeadScan(scanned.model.Head)
	ids := []int32{1, 343, 32, 96}
	for _, o := range []Sampling{
		{},
		{RepeatPenalty: 1.3},
		{RepeatPenalty: 0.7},
		{Temperature: 1, TopK: 1, Seed: 1},
		{Temperature: 1.5, TopK: 40, TopP: 0.95, MinP: 0.05, Seed: 2},
		{Temperature: 2, TopK: 300, RepeatPenalty: 1.5, Seed: 3},
		{Temperature: 1, TopP: 0.9, Seed: 4}, // needs all logits
		{Temperature: 1, TopK: 5000, Seed: 5},
	} {
		write := func(e *Engine) []int32 {
			got, _ := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{Sampling: o, MaxTokens: 60, IgnoreEOS: true})
			return got
		}
		if got, want := write(scanned), write(plain); !slices.Equal(got, want) {
			t.Errorf("%+v: with the scan %v, without %v", o, got, want)
		}
	}
	// After a scan the full logits are still to be had.
	s := session(t, scanned, SessionOptions{})
	collect(t, s, ids, GenerateOptions{MaxTokens: 1})
	if s.Logits() != nil {
		t.Error("logits from a pass that computed the top alone")
	}
	if _, err := s.Sync(context.Background(), ids, nil); err != nil || s.Logits() == nil {
		t.Errorf("no logits after Sync: %v", err)
	}
}
