package sampling

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

// TestFields: the table has every setting but the seed, each row its own; what is
// offered and what a file from before has can be read; 0 in a file is off.
func TestFields(t *testing.T) {
	if n := reflect.TypeFor[Params]().NumField(); n != len(Fields)+1 {
		t.Errorf("%d fields of Params for %d rows and the seed", n, len(Fields))
	}
	seen := map[string]bool{}
	for i, f := range Fields {
		for _, name := range append(f.Keys(), "--"+f.Flag, f.Title) {
			if seen[name] || strings.Trim(name, "-") == "" {
				t.Errorf("%s: %q is there twice, or empty", f.Key, name)
			}
			seen[name] = true
		}
		if f.Usage == "" || !strings.HasSuffix(f.Hint, ".") || strings.Count(f.Usage, "`") != 2 {
			t.Errorf("%s: words %q, %q", f.Key, f.Usage, f.Hint)
		}
		for _, v := range []float64{0, f.Off, f.Panel.Min, f.Panel.Max, f.Get(Default)} {
			if !f.Read.Contains(v) {
				t.Errorf("%s: %g cannot be read", f.Key, v)
			}
		}
		if f.Read.Contains(math.NaN()) || f.Read.Contains(math.Inf(1)) || f.Read.Contains(-0.1) {
			t.Errorf("%s: reads what it must not", f.Key)
		}
		if !f.Panel.Contains(f.Off) || !f.Panel.Contains(f.Get(Default)) {
			t.Errorf("%s: the panel cannot show it", f.Key)
		}
		// A row writes its own field, under its key, and no other.
		var p Params
		f.Set(&p, f.Read.Max)
		for j, other := range Fields {
			if got := other.Get(p); (got != 0) != (i == j) {
				t.Errorf("%s sets %s to %g", f.Key, other.Key, got)
			}
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var keys map[string]float64
		if err := json.Unmarshal(raw, &keys); err != nil || keys[f.Key] != f.Read.Max {
			t.Errorf("%s: %s, %v", f.Key, raw, err)
		}
	}
}

// TestNeutral: with neutral settings nothing is dropped.
func TestNeutral(t *testing.T) {
	logits := make([]float32, 50)
	for i := range logits {
		logits[i] = float32(i%7) - 3
	}
	s := New(Neutral())
	s.Accept(1, 2, 3)
	if _, err := s.Sample(logits); err != nil || len(s.kept) != len(logits) {
		t.Errorf("%d of %d tokens are left, %v", len(s.kept), len(logits), err)
	}
}
