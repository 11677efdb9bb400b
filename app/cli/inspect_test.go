package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// projections are the tensors of a layer by their golden's short name, in
// safetensors and in GGUF.
var projections = map[string][2]string{
	"q": {"self_attn.q_proj", "attn_q"}, "k": {"self_attn.k_proj", "attn_k"}, "v": {"self_attn.v_proj", "attn_v"},
	"o": {"self_attn.o_proj", "attn_output"}, "gate": {"mlp.gate_proj", "ffn_gate"}, "up": {"mlp.up_proj", "ffn_up"},
	"down": {"mlp.down_proj", "ffn_down"},
}

func TestInspectGolden(t *testing.T) {
	eachGolden(t, func(t *testing.T, g *golden) {
		out := mustTern(t, "inspect", g.dir, "--json")
		var r inspectResult
		decodeStrict(t, out, &r)
		tensors := map[string]inspectTensor{}
		for _, x := range r.Tensors {
			tensors[x.Name] = x
		}
		if len(g.Weights) == 0 || r.Config.VocabSize != g.Logits.Shape[1] {
			t.Fatalf("%d weights, vocabulary %d", len(g.Weights), r.Config.VocabSize)
		}
		for _, w := range g.Weights {
			name := fmt.Sprintf("model.layers.%d.%s.weight", w.Layer, projections[w.Proj][0])
			if strings.HasPrefix(filepath.Base(g.dir), "gguf") {
				name = fmt.Sprintf("blk.%d.%s.weight", w.Layer, projections[w.Proj][1])
			}
			q := tensors[name].TernaryFacts
			if q == nil {
				t.Errorf("no ternary tensor %s", name)
				continue
			}
			if q.Digest != w.SHA256 || q.Neg != w.Neg || q.Zero != w.Zero || q.Pos != w.Pos || ulps(t, q.MultiplierBits, w.MultiplierBits) > 2 {
				t.Errorf("%s: %+v, want %+v", name, *q, w)
			}
		}
		var sum int64
		for _, p := range r.Memory {
			sum += p.Bytes
		}
		if sum <= 0 || r.Config.Parameters <= 0 || !strings.Contains(r.Summary, "tensors") {
			t.Errorf("memory %v, %d parameters, %q", r.Memory, r.Config.Parameters, r.Summary)
		}
		if len(r.Speed) != 2 || r.Speed[0].Decode <= r.Speed[1].Decode || r.Speed[0].Prefill <= r.Speed[1].Prefill || r.Speed[1].Decode <= 0 {
			t.Errorf("speed %+v", r.Speed)
		}
	}, safetensors, gguf)
}

// ulps is the distance of two positive float32 given as hexadecimal bits.
func ulps(t *testing.T, a, b string) int64 {
	t.Helper()
	x, errA := strconv.ParseUint(a, 16, 32)
	y, errB := strconv.ParseUint(b, 16, 32)
	if errA != nil || errB != nil || len(a) != 8 {
		t.Fatalf("bits %q and %q", a, b)
	}
	return max(int64(x)-int64(y), int64(y)-int64(x))
}

// TestInspectKeys: the last five keys are those of ternary tensors alone.
func TestInspectKeys(t *testing.T) {
	var r struct{ Tensors []json.RawMessage }
	if err := json.Unmarshal([]byte(mustTern(t, "inspect", "--json")), &r); err != nil {
		t.Fatal(err)
	}
	plain, ternary := []string{"name", "shape", "type"}, []string{"multiplier_bits", "name", "neg", "pos", "sha256_int8", "shape", "type", "zero"}
	count := 0
	for _, x := range r.Tensors {
		got := keys(t, x)
		if slices.Equal(got, ternary) {
			count++
		} else if !slices.Equal(got, plain) {
			t.Errorf("%s has the keys %q", x, got)
		}
	}
	if count == 0 || count%7 != 0 {
		t.Errorf("%d ternary tensors", count)
	}
}

func TestInspectText(t *testing.T) {
	out := mustTern(t, "inspect", filepath.Join(goldens, "hf-2b4t-packed", "config.json"))
	for _, want := range []string{"BitNet b1.58 2B-4T", "relu2", "tied head", "memory, packed layers", "memory, all of these", "speed here", "tok/s", "model.layers.0.mlp.down_proj.weight"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestPack(t *testing.T) {
	eachGolden(t, func(t *testing.T, g *golden) {
		dir := filepath.Join(t.TempDir(), "new", "packed")
		mustTern(t, "pack", g.dir, dir, "--as-stored")
		args := []string{"--ids", list(g.Prompt), "--kv", "f32", "--out", "-"}
		want := mustTern(t, append([]string{"logits", g.dir}, args...)...)
		if mustTern(t, append([]string{"logits", dir}, args...)...) != want {
			t.Error("the packed form has other logits")
		}
		before := mustTern(t, "inspect", g.dir, "--json")
		mustTern(t, "pack", dir, dir+"2", "--as-stored")
		if !slices.Equal(ternaryOf(t, before), ternaryOf(t, mustTern(t, "inspect", dir+"2", "--json"))) {
			t.Error("the packed form has other ternary weights")
		}
		_, errs, code := tern(t, "", "pack", g.dir, dir)
		if code != 1 || !strings.Contains(errs, "exists already") {
			t.Errorf("packing over a model: exit code %d\n%s", code, errs)
		}
	}, safetensors)
}

func ternaryOf(t *testing.T, out string) (facts []string) {
	t.Helper()
	var r inspectResult
	decodeStrict(t, out, &r)
	for _, x := range r.Tensors {
		if x.TernaryFacts != nil {
			facts = append(facts, fmt.Sprint(x.Name, *x.TernaryFacts))
		}
	}
	slices.Sort(facts)
	return facts
}

// TestPathsOfTheSystem: commands open models whose path is not text, or whose ending
// is in capitals.
func TestPathsOfTheSystem(t *testing.T) {
	name := "gr\xf6\xdfe"
	if runtime.GOOS != "linux" {
		name = "größe" // elsewhere names are text
	}
	dir := filepath.Join(t.TempDir(), name)
	file := filepath.Join(dir, "model.GGUF")
	raw, err := os.ReadFile(filepath.Join(goldens, "gguf-bitnet-i2_s", "model.gguf"))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy.GGuf")
	mustTern(t, "convert", file, copied)
	for _, path := range []string{file, copied} {
		mustTern(t, "inspect", "-m", path)
		mustTern(t, "check", path)
		mustTern(t, "tokenize", "-m", path, "a")
		mustTern(t, "run", path, "-n", "2", "-p", "a", "--temp", "0")
	}
}
