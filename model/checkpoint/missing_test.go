package checkpoint_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// folder reads a checkpoint into memory.
func folder(t *testing.T, s modeltest.Spec) fstest.MapFS {
	t.Helper()
	dir, files := modeltest.Folder(t, s), fstest.MapFS{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = &fstest.MapFile{Data: raw}
	}
	return files
}

func renamed(files fstest.MapFS, names ...string) fstest.MapFS {
	files = maps.Clone(files)
	for i := 0; i < len(names); i += 2 {
		if names[i+1] != "" {
			files[names[i+1]] = files[names[i]]
		}
		delete(files, names[i])
	}
	return files
}

const (
	pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	page    = "\n  <!DOCTYPE html><html><head><title>model.safetensors</title></head></html>"
)

// TestMissing: what is not there is said, and what lies in its place.
func TestMissing(t *testing.T) {
	one := folder(t, modeltest.Tiny(checkpoint.Llama, modeltest.Packed))
	spec := modeltest.Tiny(checkpoint.Llama, modeltest.Packed)
	spec.Shards = 2
	many := folder(t, spec)
	with := func(files fstest.MapFS, name, text string) fstest.MapFS {
		files = maps.Clone(files)
		files[name] = &fstest.MapFile{Data: []byte(text)}
		return files
	}
	only := func(name, text string) fstest.MapFS { return fstest.MapFS{name: &fstest.MapFile{Data: []byte(text)}} }
	for name, c := range map[string]struct {
		files fstest.MapFS
		open  string
		kind  error
		says  string
	}{
		"pointer of weights":      {with(one, "model.safetensors", pointer), ".", checkpoint.ErrStandIn, "model.safetensors: it is a Git LFS pointer"},
		"page of weights":         {with(one, "model.safetensors", page), ".", checkpoint.ErrStandIn, "model.safetensors: it is a web page"},
		"answer of weights":       {with(one, "model.safetensors", `{"error":"Repository not found"}`), ".", checkpoint.ErrStandIn, "an error that a server"},
		"pointer picked":          {with(one, "model.safetensors", pointer), "model.safetensors", checkpoint.ErrStandIn, "Git LFS pointer"},
		"pointer of a part":       {with(many, "model-00002-of-00002.safetensors", pointer), ".", checkpoint.ErrStandIn, "model-00002-of-00002.safetensors: it is a Git LFS"},
		"pointer of config":       {with(one, "config.json", pointer), ".", checkpoint.ErrStandIn, "config.json: it is a Git LFS pointer"},
		"pointer of tokenizer":    {with(one, "tokenizer.model", pointer), ".", checkpoint.ErrStandIn, "tokenizer.model: it is a Git LFS pointer"},
		"page of tokenizer":       {with(one, "tokenizer.json", page), ".", checkpoint.ErrStandIn, "tokenizer.json: it is a web page"},
		"pointer of GGUF":         {only("a.gguf", pointer), ".", checkpoint.ErrStandIn, "a.gguf: it is a Git LFS pointer"},
		"pointer of GGUF, picked": {only("a.GGUF", pointer), "a.GGUF", checkpoint.ErrStandIn, "a.GGUF: it is a Git LFS pointer"},
		"pickles":                 {only("pytorch_model.bin", "PK"), ".", model.ErrUnsupported, ".bin files are not supported"},
		"pickles in parts":        {only("pytorch_model-00001-of-00002.bin", "PK"), ".", model.ErrUnsupported, ".bin files are not supported"},
		"no index":                {renamed(many, "model.safetensors.index.json", ""), ".", model.ErrNotFound, "model.safetensors.index.json is missing"},
		"an adapter":              {only("adapter_model.safetensors", "x"), ".", model.ErrUnsupported, "is an adapter"},
		"nothing":                 {only("README.md", "x"), ".", model.ErrNotFound, "holds neither"},
		"two of other names":      {with(renamed(one, "model.safetensors", "a.safetensors"), "b.safetensors", "x"), ".", model.ErrNotFound, "2 safetensors models"},
		"an unfinished cache":     {fstest.MapFS{"models--a--b/snapshots": &fstest.MapFile{Mode: fs.ModeDir}}, "models--a--b", model.ErrNotFound, "did not finish"},
		"bytes behind":            {with(one, "model.safetensors", string(one["model.safetensors"].Data)+"xyz"), ".", model.ErrDamaged, "3 bytes follow the last tensor"},
	} {
		_, err := checkpoint.OpenFS(t.Context(), c.files, c.open, nil)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %v that says %q", name, err, c.kind, c.says)
		}
	}
	dir := modeltest.Folder(t, modeltest.Tiny(checkpoint.Llama, modeltest.Packed))
	weights := filepath.Join(dir, "model.safetensors")
	if err := os.Rename(weights, filepath.Join(t.TempDir(), "blob")); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return // where links need rights of their own
	}
	if err := os.Symlink("../../blobs/none", weights); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.Open(t.Context(), dir, nil); !errors.Is(err, model.ErrNotFound) || !strings.Contains(err.Error(), "link to a file that is not there") {
		t.Errorf("a dangling link: %v", err)
	}
}

// TestFound: names in other cases, other names, and the root of the hub's cache.
func TestFound(t *testing.T) {
	one := folder(t, modeltest.Tiny(checkpoint.Llama, modeltest.Packed))
	want, err := checkpoint.OpenFS(t.Context(), one, ".", nil)
	if err != nil {
		t.Fatal(err)
	}
	spec := modeltest.Tiny(checkpoint.Llama, modeltest.Packed)
	spec.Shards = 2
	many := folder(t, spec)
	raw, err := modeltest.TinyGGUF(checkpoint.Llama).BytesGGUF(modeltest.GGUF{Linear: gguf.I2S})
	if err != nil {
		t.Fatal(err)
	}
	cache := func(ref string, commits ...string) fstest.MapFS {
		files := fstest.MapFS{}
		for _, c := range commits {
			for name, f := range one {
				files[path.Join("models--a--b/snapshots", c, name)] = f
			}
		}
		if ref != "" {
			files["models--a--b/refs/main"] = &fstest.MapFile{Data: []byte(ref + "\n")}
		}
		return files
	}
	for name, c := range map[string]struct {
		files fstest.MapFS
		open  string
	}{
		"capitals":             {renamed(one, "model.safetensors", "MODEL.SAFETENSORS"), "."},
		"capitals, picked":     {renamed(one, "model.safetensors", "MODEL.SAFETENSORS"), "MODEL.SAFETENSORS"},
		"another name":         {renamed(one, "model.safetensors", "falcon.safetensors"), "."},
		"an index in capitals": {renamed(many, "model.safetensors.index.json", "model.SAFETENSORS.index.JSON"), "."},
		"an index of its own":  {renamed(many, "model.safetensors.index.json", "weights.safetensors.index.json"), "."},
		"GGUF in capitals":     {fstest.MapFS{"M.GGUF": &fstest.MapFile{Data: raw}}, "."},
		"the cache":            {cache("c2", "c1", "c2"), "models--a--b"},
		"the cache, no ref":    {cache("", "c1"), "models--a--b"},
		"the cache, odd ref":   {cache("../../x", "c1"), "models--a--b"},
	} {
		m, err := checkpoint.OpenFS(t.Context(), c.files, c.open, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(name, "GGUF") && !reflect.DeepEqual(m.Weights, want.Weights) {
			t.Errorf("%s: other weights", name)
		}
	}
	root := filepath.Join(t.TempDir(), "models--owner--a-model")
	snapshot := filepath.Join(root, "snapshots", "0123abc")
	if err := os.MkdirAll(snapshot, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := modeltest.Tiny(checkpoint.Llama, modeltest.Packed).Write(snapshot); err != nil {
		t.Fatal(err)
	}
	if m := modeltest.Open(t, root); m.Name != "a-model" {
		t.Errorf("name %q", m.Name)
	}
}

// TestUsable opens files that only look damaged: as Python writes JSON, without
// what need not be there, with one number for each layer.
func TestUsable(t *testing.T) {
	base := folder(t, modeltest.Tiny(checkpoint.BitNet2B4T, modeltest.Packed))
	want, err := checkpoint.OpenFS(t.Context(), base, ".", nil)
	if err != nil {
		t.Fatal(err)
	}
	config := string(base["config.json"].Data)
	var keys map[string]any
	if err := json.Unmarshal([]byte(config), &keys); err != nil {
		t.Fatal(err)
	}
	without := func(key string) string {
		k := maps.Clone(keys)
		delete(k, key)
		raw, _ := json.Marshal(k)
		return string(raw)
	}
	put := func(text string) string { return strings.Replace(config, "{", "{"+text+",", 1) }
	for name, c := range map[string]struct {
		file, text, note string
	}{
		"Infinity":          {"config.json", put(`"time_step_limit": [0.0, Infinity, -Infinity]`), "time_step_limit is not known"},
		"NaN":               {"config.json", put(`"x": NaN`), "x is not known"},
		"a whole number":    {"config.json", put(`"max_position_embeddings": 64.0`), ""},
		"a mark":            {"config.json", "\ufeff" + config, ""},
		"a list of BOS":     {"config.json", put(`"bos_token_id": [1]`), ""},
		"BOS outside":       {"config.json", put(`"bos_token_id": 100000`), ""},
		"EOS in quotes":     {"config.json", put(`"eos_token_id": "2"`), ""},
		"an empty file":     {"generation_config.json", "", "generation_config.json cannot be read (it is empty)"},
		"no quantization":   {"config.json", without("quantization_config"), "no quantization_config; the scales of the weights are taken to multiply"},
		"null quantization": {"config.json", strings.Replace(without("quantization_config"), "{", `{"quantization_config": null,`, 1), "taken to multiply"},
	} {
		files := maps.Clone(base)
		files[c.file] = &fstest.MapFile{Data: []byte(c.text)}
		m, err := checkpoint.OpenFS(t.Context(), files, ".", nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(m.Weights, want.Weights) {
			t.Errorf("%s: other weights", name)
		}
		if notes := strings.Join(m.Notes, "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", name, notes, c.note)
		}
	}
	files := maps.Clone(base)
	files["config.json"] = &fstest.MapFile{Data: []byte(strings.Replace(without("rms_norm_eps"), "{", `{"rms_norm_eps": NaN,`, 1))}
	if _, err := checkpoint.OpenFS(t.Context(), files, ".", nil); !errors.Is(err, model.ErrDamaged) || !strings.Contains(err.Error(), "rms_norm_eps") {
		t.Errorf("NaN that is needed: %v", err)
	}
}

// TestUsableGGUF: as for safetensors.
func TestUsableGGUF(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	bytesOf := func(g modeltest.GGUF) []byte {
		raw, err := s.BytesGGUF(g)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	openBytes := func(raw []byte) (*model.Model, error) {
		return checkpoint.OpenFS(t.Context(), fstest.MapFS{"a.gguf": &fstest.MapFile{Data: raw}}, ".", nil)
	}
	raw := bytesOf(modeltest.GGUF{Linear: gguf.I2S})
	want, err := openBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	n := func(v int) []int32 { return slices.Repeat([]int32{int32(v)}, s.Layers) }
	ones := func(entries []gguf.Entry) []gguf.Entry {
		for i, e := range entries {
			for len(e.Shape) < 4 {
				e.Shape = append([]int{1}, e.Shape...)
			}
			entries[i].Shape = e.Shape
		}
		return entries
	}
	for name, g := range map[string]modeltest.GGUF{
		"heads":         {Meta: []gguf.Pair{{Key: "llama.attention.head_count", Value: n(s.Heads)}}},
		"kv heads":      {Meta: []gguf.Pair{{Key: "llama.attention.head_count_kv", Value: n(s.KVHeads)}}},
		"feed forward":  {Meta: []gguf.Pair{{Key: "llama.feed_forward_length", Value: n(s.FFNDim)}}},
		"floats":        {Meta: []gguf.Pair{{Key: "llama.context_length", Value: float32(s.ContextLen)}}},
		"theta":         {Meta: []gguf.Pair{{Key: "llama.rope.freq_base", Value: []float32{float32(s.RopeTheta), float32(s.RopeTheta)}}}},
		"no vocabulary": {Meta: []gguf.Pair{{Key: "tokenizer.ggml.model", Value: "no_vocab"}}},
		"dimensions":    {Edit: ones},
	} {
		g.Linear = gguf.I2S
		m, err := openBytes(bytesOf(g))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(m.Config, want.Config) || !reflect.DeepEqual(m.Weights, want.Weights) {
			t.Errorf("%s: another model", name)
		}
	}
}
