package model

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"tern/model/safetensors"
)

// WritePacked writes the model into the folder dir, which must exist, in the
// most compact form that Open reads: model.safetensors with packed ternary
// weights, config.json, and the tokenizer's files. Every multiplier is kept
// bit for bit. The embedding and the head become F16 where half is true and
// stay as they are otherwise; halving a number that F16 cannot hold fails.
func (m *Model) WritePacked(dir string, half bool) error {
	switch {
	case m.RopeAdjacent || m.RopeFactors != nil:
		return fmt.Errorf("model: a model that rotates adjacent pairs, or by frequencies of its own, has no safetensors form: %w", ErrUnsupported)
	case m.Tokenizer.GGUF != nil:
		return fmt.Errorf("model: the vocabulary of a GGUF file has no safetensors form: %w", ErrUnsupported)
	case !half && (m.Embed.Type.Blocked() || m.Head.Type.Blocked()):
		return fmt.Errorf("model: an embedding of type %v or a head of type %v has no safetensors form: %w", m.Embed.Type, m.Head.Type, ErrUnsupported)
	}
	config, err := json.MarshalIndent(m.packedConfig(), "", " ")
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	side := []tokenizerFile{{"config.json", &config}}
	for _, f := range append(side, m.Tokenizer.files()...) {
		if *f.data == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, f.name), *f.data, 0o644); err != nil {
			return fmt.Errorf("model: %w", err)
		}
	}
	f, err := os.Create(filepath.Join(dir, weightsName))
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := safetensors.Write(w, m.packedEntries(half)); err != nil {
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
func (m *Model) packedConfig() map[string]any {
	c, a := &m.Config, m.arch()
	quant := map[string]any{
		"quant_method":      "bitnet",
		"linear_class":      "autobitlinear", // weight_scale multiplies
		"quantization_mode": "offline",
	}
	var exclude []string
	for _, p := range m.parts() {
		switch {
		case p.linear == nil:
		case p.linear.Dense != nil:
			exclude = append(exclude, p.module())
		case p.linear.Norm != nil:
			quant["use_rms_norm"] = true
			quant["rms_norm_eps"] = p.linear.NormEps
		}
	}
	if exclude != nil {
		quant["modules_to_not_convert"] = exclude
	}
	config := map[string]any{
		"architectures":           []string{a.class},
		"model_type":              a.modelType,
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
func (m *Model) packedEntries(half bool) []safetensors.Entry {
	var small, large []safetensors.Entry
	floats := func(name string, v []float32, shape ...int) {
		small = append(small, safetensors.Entry{Name: name, DType: "F32", Shape: shape, Data: func(w io.Writer) error {
			return binary.Write(w, binary.LittleEndian, v)
		}})
	}
	for _, p := range m.parts() {
		switch {
		case p.norm != nil:
			floats(p.name, *p.norm, p.cols)
		case p.dense != nil:
			large = append(large, denseEntry(p.name, p.dense, half))
		case p.linear.Dense != nil:
			large = append(large, denseEntry(p.name, p.linear.Dense, false))
		default:
			l := p.linear
			floats(p.module()+".weight_scale", []float32{l.Scale}, 1)
			if l.Norm != nil {
				floats(p.module()+".rms_norm.weight", l.Norm, l.Cols)
			}
			large = append(large, safetensors.Entry{Name: p.name, DType: "U8", Shape: []int{packedRows(l.Rows), l.Cols}, Data: l.writePacked})
		}
	}
	return slices.Concat(small, large)
}

// packedRows is how many rows of bytes hold rows of weights, four to a byte.
func packedRows(rows int) int { return (rows + 3) / 4 }

// writePacked writes the rows of bytes that loader.packed reads. Slots past the
// last row are 0, as the reference writes them.
func (l *Linear) writePacked(w io.Writer) error {
	n := packedRows(l.Rows)
	row, packed := make([]int8, l.Cols), make([]byte, l.Cols)
	for r := range n {
		clear(packed)
		for slot := 0; slot*n+r < l.Rows; slot++ {
			l.UnpackRow(slot*n+r, row)
			for i, v := range row {
				packed[i] |= byte(v+1) << (2 * slot)
			}
		}
		if _, err := w.Write(packed); err != nil {
			return err
		}
	}
	return nil
}

func denseEntry(name string, d *Dense, half bool) safetensors.Entry {
	e := safetensors.Entry{Name: name, DType: d.Type.String(), Shape: []int{d.Rows, d.Cols}}
	if !half || d.Type == F16 {
		e.Data = func(w io.Writer) error {
			_, err := w.Write(d.Data)
			return err
		}
		return e
	}
	e.DType = F16.String()
	e.Data = func(w io.Writer) error {
		row, out := make([]float32, d.Cols), make([]byte, 2*d.Cols)
		for r := range d.Rows {
			d.RowTo(row, r)
			if bad, ok := encodeHalves(out, row); !ok {
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
