package inference

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/safetensors"
)

// writeClass writes a hybrid golden as its class in transformers stores it: norms
// without the 1 that is added, logarithms of A, convolutions of three dimensions, and
// value heads beside those of the same key head; sees adds a vision part.
func writeClass(t *testing.T, m *model.Model, dir string, sees bool) {
	t.Helper()
	d := &m.DeltaNet
	n, ratio := d.HeadDim, d.ValueHeads/d.KeyHeads
	// here is the head in the model of the class's head g: that of key head g/ratio.
	here := func(g int) int { return g%ratio*d.KeyHeads + g/ratio }
	var entries []safetensors.Entry
	add := func(name string, v []float32, shape ...int) {
		if text, is := strings.CutPrefix(name, "model."); is && sees && !strings.HasPrefix(text, "visual.") {
			name = "model.language_model." + text
		}
		entries = append(entries, safetensors.Entry{Name: name, DType: "F32", Shape: shape, Data: func(w io.Writer) error {
			return binary.Write(w, binary.LittleEndian, v)
		}})
	}
	names := checkpoint.Find(m.Arch).Names
	for _, s := range m.Slots(&names) {
		var rows [][]float32
		size, columns := 1, s.Cols
		switch {
		case s.Norm != nil && s.Dims != nil:
			for r := range s.Dims[0] {
				rows = append(rows, (*s.Norm)[r*s.Dims[1]:][:s.Dims[1]])
			}
		case s.Norm != nil:
			for _, v := range *s.Norm {
				rows = append(rows, []float32{v})
			}
			columns = 0
		default:
			dense := s.Dense
			if l := s.Linear; l != nil {
				if dense = l.Dense; l.Grouped != nil {
					dense = &model.Dense{Rows: l.Rows, Cols: l.Cols, Type: model.Packed, Grouped: l.Grouped}
				}
			}
			for r := range s.Rows {
				row := make([]float32, s.Cols)
				dense.RowTo(row, r)
				rows = append(rows, row)
			}
		}
		first, out := -1, false // the first row that belongs to a value head
		if l := s.Layer; l >= 0 && m.Weights.Layers[l].Delta != nil {
			delta := m.Weights.Layers[l].Delta
			switch {
			case s.Linear == &delta.QKV, s.Norm == &delta.Conv:
				first, size = 2*d.KeyHeads*n, n
			case s.Linear == &delta.Z:
				first, size = 0, n
			case s.Linear == &delta.Alpha, s.Linear == &delta.Beta, s.Norm == &delta.A, s.Norm == &delta.DtBias:
				first = 0
			}
			out = s.Linear == &delta.Out
			if s.Norm == &delta.A {
				for i, row := range rows {
					rows[i] = []float32{float32(math.Log(-float64(row[0])))}
				}
			}
		}
		inDelta := s.Layer >= 0 && m.Weights.Layers[s.Layer].Delta != nil && s.Norm == &m.Weights.Layers[s.Layer].Delta.Norm
		var flat []float32
		for r := range rows {
			from := r
			if first >= 0 && r >= first {
				from = first + here((r-first)/size)*size + (r-first)%size
			}
			row := slices.Clone(rows[from])
			for c := range row {
				if out {
					row[c] = rows[r][here(c/n)*n+c%n]
				}
				if s.Norm != nil && first < 0 && !inDelta {
					row[c]--
				}
			}
			flat = append(flat, row...)
		}
		switch {
		case s.Dims != nil:
			add(s.Name, flat, s.Dims[0], 1, s.Dims[1])
		case columns == 0:
			add(s.Name, flat, len(rows))
		default:
			add(s.Name, flat, s.Rows, s.Cols)
		}
	}
	add("mtp.norm.weight", []float32{1}, 1)
	if sees {
		add("model.visual.patch_embed.proj.weight", []float32{1, 2}, 2)
		add("model.visual.patch_embed.proj.bias", []float32{1}, 1)
	}
	f, err := os.Create(filepath.Join(dir, "model.safetensors"))
	if err == nil {
		err = safetensors.Write(f, entries)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, r := range m.Recurrent {
		kinds = append(kinds, map[bool]string{true: "linear_attention", false: "full_attention"}[r])
	}
	keys := map[string]any{
		"architectures": []string{"Qwen3_5ForCausalLM"}, "model_type": "qwen3_5_text", "hidden_size": m.Dim, "intermediate_size": m.FFNDim,
		"num_hidden_layers": m.Config.Layers, "num_attention_heads": m.Heads, "num_key_value_heads": m.KVHeads, "head_dim": m.HeadDim,
		"vocab_size": m.VocabSize, "max_position_embeddings": m.ContextLen, "rms_norm_eps": m.NormEps, "tie_word_embeddings": m.TiedEmbedding,
		"layer_types": kinds, "full_attention_interval": 4, "attn_output_gate": true, "hidden_act": "silu", "mamba_ssm_dtype": "float32",
		"linear_num_key_heads": d.KeyHeads, "linear_num_value_heads": d.ValueHeads, "linear_key_head_dim": n, "linear_value_head_dim": n,
		"linear_conv_kernel_dim": d.Kernel, "attention_bias": false, "mtp_num_hidden_layers": 1, "dtype": "float32",
		"rope_parameters": map[string]any{"rope_type": "default", "rope_theta": m.RopeTheta, "partial_rotary_factor": float64(m.RotatedDim()) / float64(m.HeadDim),
			"mrope_section": []int{11, 11, 10}, "mrope_interleaved": true},
	}
	if sees {
		delete(keys, "architectures")
		keys = map[string]any{"architectures": []string{"Qwen3_5ForConditionalGeneration"}, "model_type": "qwen3_5", "text_config": keys,
			"vision_config": map[string]any{"model_type": "qwen3_5", "depth": 2, "norm_eps": 1e-6, "sliding_window": 7}, "image_token_id": 5, "tie_word_embeddings": !m.TiedEmbedding}
	}
	config, err := json.Marshal(keys)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), config, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestHybridClass: a hybrid model in the form of its class computes what the reference
// says, also where its matrices pack, and where the class sees images too.
func TestHybridClass(t *testing.T) {
	for i, name := range []string{"qwen35-f32", "qwen35-pq2_0", "qwen35-q2_0-g64", "qwen35-q2_0-g64"} {
		sees := i == 0 || i == 3
		from := filepath.Join(families, name)
		var g hybridGolden
		readJSON(t, filepath.Join(from, "golden.json"), &g)
		dir := t.TempDir()
		writeClass(t, openModel(t, from), dir, sees)
		e := openExact(t, dir)
		if notes := strings.Join(e.Notes(), " "); strings.Contains(notes, "vision part") != sees || slices.Contains(e.Model().Ignored, "model.visual.patch_embed.proj.bias") != sees {
			t.Errorf("%s: notes %q, ignored %q", name, notes, e.Model().Ignored)
		}
		if packed := e.Model().Weights.Layers[0].Delta.Out.Grouped != nil; packed != (name != "qwen35-f32") {
			t.Errorf("%s: the output projection packs: %t", name, packed)
		}
		if r := relative(t, promptLogits(t, e, g.Prompt), readFloats(t, filepath.Join(from, g.Logits.File))); r > 1e-4 {
			t.Errorf("%s: logits differ by %.2g", name, r)
		}
		got, _ := collect(t, session(t, e, SessionOptions{KV: KVF32}), g.Prompt, GenerateOptions{MaxTokens: len(g.Greedy), IgnoreEOS: true})
		if !slices.Equal(got, g.Greedy) {
			t.Errorf("%s: %v, want %v", name, got, g.Greedy)
		}
	}
}
