package export

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/safetensors"
	"tern/tokenizer/vocab"
)

// Packed writes the model into the folder dir, which must exist, in the
// most compact form that Open reads: model.safetensors with packed ternary
// weights, config.json, and the tokenizer's files. Every multiplier is kept
// bit for bit. The embedding and the head become F16 where half is true and
// stay as they are otherwise; halving a number that F16 cannot hold fails.
func Packed(m *model.Model, dir string, half bool) error {
	rotated, err := checkpoint.HadamardPairs(m, &model.GGUFNames)
	switch {
	case err != nil || rotated != nil || m.Recurrent != nil:
		return fmt.Errorf("model: a model with linear attention, or with rotated weights, has no packed safetensors form; write one GGUF file instead: %w", model.ErrUnsupported)
	case m.Input == model.InputFloat || m.Embed.Grouped != nil || m.Head.Grouped != nil:
		return fmt.Errorf("model: weights with a scale per group have no packed safetensors form; write one GGUF file instead: %w", model.ErrUnsupported)
	case m.RopeAdjacent || m.RopeFactors != nil:
		return fmt.Errorf("model: a model that rotates adjacent pairs, or by frequencies of its own, has no safetensors form: %w", model.ErrUnsupported)
	case m.Tokenizer.GGUF != nil:
		return fmt.Errorf("model: the vocabulary of a GGUF file has no safetensors form: %w", model.ErrUnsupported)
	case !half && (m.Embed.Type.Blocked() || m.Head.Type.Blocked()):
		return fmt.Errorf("model: an embedding of type %v or a head of type %v has no safetensors form: %w", m.Embed.Type, m.Head.Type, model.ErrUnsupported)
	}
	config, err := json.MarshalIndent(packedConfig(m), "", " ")
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	side := []vocab.File{{Name: "config.json", Data: &config}}
	for _, f := range append(side, m.Tokenizer.All()...) {
		if *f.Data == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), *f.Data, 0o644); err != nil {
			return fmt.Errorf("model: %w", err)
		}
	}
	f, err := os.Create(filepath.Join(dir, checkpoint.WeightsName))
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := safetensors.Write(w, packedEntries(m, half)); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return nil
}

// packedConfig is the config.json of the packed form.
func packedConfig(m *model.Model) map[string]any {
	c, a := &m.Config, checkpoint.Find(m.Arch)
	quant := map[string]any{
		"quant_method":      "bitnet",
		"linear_class":      "autobitlinear", // weight_scale multiplies
		"quantization_mode": "offline",
	}
	var exclude []string
	for _, p := range m.Slots(&checkpoint.Find(m.Arch).Names) {
		switch {
		case p.Linear == nil:
		case p.Linear.Dense != nil:
			exclude = append(exclude, p.Module())
		case p.Linear.Norm != nil:
			quant["use_rms_norm"] = true
			quant["rms_norm_eps"] = p.Linear.NormEps
		}
	}
	if exclude != nil {
		quant["modules_to_not_convert"] = exclude
	}
	config := map[string]any{
		"architectures":           []string{a.Class},
		"model_type":              a.ModelType,
		"hidden_size":             c.Dim,
		"intermediate_size":       c.FFNDim,
		"num_hidden_layers":       c.Layers,
		"num_attention_heads":     c.Heads,
		"num_key_value_heads":     c.KVHeads,
		"head_dim":                c.HeadDim,
		"vocab_size":              c.VocabSize,
		"max_position_embeddings": c.ContextLen,
		"rms_norm_eps":            c.NormEps,
		"rope_theta":              c.RopeTheta,
		"hidden_act":              c.Activation.String(),
		"tie_word_embeddings":     c.TiedEmbedding,
		"eos_token_id":            append([]int32{}, c.StopIDs...),
		"quantization_config":     quant,
	}
	if c.BOS >= 0 {
		config["bos_token_id"] = c.BOS
	}
	return config
}

// packedEntries lists the tensors of the packed form, the large ones last so
// that they start at aligned addresses.
func packedEntries(m *model.Model, half bool) []safetensors.Entry {
	var small, large []safetensors.Entry
	floats := func(name string, v []float32, shape ...int) {
		small = append(small, safetensors.Entry{Name: name, DType: "F32", Shape: shape, Data: func(w io.Writer) error {
			return binary.Write(w, binary.LittleEndian, v)
		}})
	}
	for _, p := range m.Slots(&checkpoint.Find(m.Arch).Names) {
		switch {
		case p.Norm != nil:
			floats(p.Name, *p.Norm, p.Cols)
		case p.Dense != nil:
			large = append(large, denseEntry(p.Name, p.Dense, half))
		case p.Linear.Dense != nil:
			large = append(large, denseEntry(p.Name, p.Linear.Dense, false))
		default:
			l := p.Linear
			floats(p.Module()+".weight_scale", []float32{l.Scale}, 1)
			if l.Norm != nil {
				floats(p.Module()+".rms_norm.weight", l.Norm, l.Cols)
			}
			large = append(large, safetensors.Entry{Name: p.Name, DType: "U8", Shape: []int{checkpoint.PackedRows(l.Rows), l.Cols}, Data: func(w io.Writer) error { return checkpoint.Packed.Write(w, l, checkpoint.InOrder) }})
		}
	}
	return slices.Concat(small, large)
}

func denseEntry(name string, d *model.Dense, half bool) safetensors.Entry {
	e := safetensors.Entry{Name: name, DType: d.Type.String(), Shape: []int{d.Rows, d.Cols}}
	if !half || d.Type == model.F16 {
		e.Data = func(w io.Writer) error {
			scratch := make([]byte, d.Type.Bytes(d.Cols))
			for r := range d.Rows {
				if _, err := w.Write(d.StoredRow(r, scratch)); err != nil {
					return err
				}
			}
			return nil
		}
		return e
	}
	e.DType = model.F16.String()
	e.Data = func(w io.Writer) error {
		row, out := make([]float32, d.Cols), make([]byte, 2*d.Cols)
		for r := range d.Rows {
			d.RowTo(row, r)
			if bad, ok := model.EncodeHalves(out, row); !ok {
				return fmt.Errorf("row %d holds %g, which F16 cannot", r, bad)
			}
			if _, err := w.Write(out); err != nil {
				return err
			}
		}
		return nil
	}
	return e
}
