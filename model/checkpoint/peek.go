package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"tern/model"
	"tern/model/gguf"
	"tern/model/pyjson"
	"tern/model/ternary"
)

// Facts is what the headers of a checkpoint tell while its weights stay unread.
type Facts struct {
	Name   string // as Model.Name
	Path   string // what was looked at
	Format string // "safetensors" or "GGUF"
	model.Config
	Params int64
	Memory []model.Part // as MemoryParts of the loaded model
	Head   model.Dense  // its shape and type; no Data
	Chat   bool         // it brings a chat template, or is of a family that only chats
}

// Bytes is the memory that the loaded weights take.
func (f *Facts) Bytes() (n int64) {
	for _, p := range f.Memory {
		n += p.Bytes
	}
	return n
}

// Peek reads the headers of the checkpoint at path, which is what Open takes,
// and makes the checks that need no weights. It reads the configuration, the
// header of every file and, where a GGUF file has a head of its own, the first
// bytes of head and embedding: a few megabytes at most.
//
// Errors are those of Open.
func Peek(path string) (*Facts, error) {
	dir, name, err := split(path)
	if err != nil {
		return nil, err
	}
	f, err := peek(dirFS(dir), name)
	if err != nil {
		return nil, err
	}
	f.Path = path
	if f.Name = singleName(name); f.Name == "" {
		f.Name = folderName(filepath.Clean(dir))
	}
	return f, nil
}

func peek(fsys fs.FS, name string) (*Facts, error) {
	at, err := locate(fsys, name)
	if err != nil {
		return nil, err
	}
	m, f := &opening{}, &Facts{Format: "safetensors"}
	var list []binding
	var files io.Closer
	if at.gguf {
		f.Format = "GGUF"
		var g *gguf.File
		var x Extras
		if g, list, x, err = m.planGGUF(fsys, at.weights, Options{}, sameStart); err == nil {
			if err = m.takeVocab(path.Base(at.weights), g.Meta, &x); err != nil {
				err = errors.Join(err, g.Close())
			}
		}
		files = g
	} else {
		files, list, _, err = m.planSafetensors(fsys, at, nil)
	}
	if err != nil {
		return nil, err
	}
	defer files.Close()
	f.Config = m.Config
	f.measure(list)
	if at.gguf {
		f.Chat = m.Tokenizer.GGUF != nil && m.Tokenizer.GGUF.ChatTemplate != ""
	} else if f.Chat, err = chats(fsys, at.dir); err != nil {
		return nil, err
	}
	f.Chat = f.Chat || f.OnlyChats
	return f, nil
}

// Outline is Peek for a checkpoint of a shape that is not here. Its embedding and head are
// stored as head, where model.Packed is a scale per group. What has a scale per group is of
// the type that GGUF files call form; those of two bits, and any other name, have groups of
// 128 weights.
func Outline(c model.Config, head model.DType, form string) *Facts {
	m := &model.Model{Config: c}
	m.Allocate()
	f := &Facts{Config: c}
	grouped := projectionNamed(form)
	if grouped == nil || grouped.groups == nil || grouped.groups.form == ternary.TwoBits {
		grouped = &PQ2
	}
	var list []binding
	for _, p := range m.Slots(&model.GGUFNames) {
		b := binding{Slot: p, enc: &Packed}
		float := c.Input == model.InputFloat
		switch {
		case p.Linear != nil && p.Float && float:
			b.enc = &denseMatrix
			b.weight = &tensor{p.Name, "", model.BF16.String(), p.Shape(), io.NewSectionReader(nil, 0, 2*int64(p.Rows)*int64(p.Cols))}
		case p.Linear != nil && float, p.Dense != nil && head == model.Packed:
			b.enc, b.float = grouped, float
		case p.Norm != nil:
			b.enc = &floatVector
		case p.Dense != nil:
			b.enc = &denseMatrix
			size := int64(p.Rows) * int64(head.Bytes(p.Cols))
			b.weight = &tensor{p.Name, "", head.String(), p.Shape(), io.NewSectionReader(nil, 0, size)}
		}
		list = append(list, b)
	}
	f.measure(list)
	return f
}

// measure adds up what the weights become.
func (f *Facts) measure(list []binding) {
	var packed, dense, embed, head, norms int64
	for i := range list {
		b := &list[i]
		elems := int64(b.Rows) * int64(b.Cols)
		switch size, t := b.memory(); {
		case b.Name == model.RopeFactorsName, b.Name == model.RopeLongName, b.Name == model.RopeShortName:
			continue // constants of the rotation, no parameters
		case b.Slot.Norm != nil:
			norms += size
		case b.Dense != nil:
			// The embedding comes before the head, and is the head where no
			// other comes.
			f.Head = model.Dense{Rows: b.Rows, Cols: b.Cols, Type: t}
			if head = size; embed == 0 {
				embed = size
			}
		case t != model.Packed:
			dense += size
		default:
			packed += size
			if b.norm != nil {
				norms += 4 * int64(b.Cols)
				f.Params += int64(b.Cols)
			}
		}
		f.Params += elems
	}
	f.Memory = []model.Part{{Name: model.PartPacked, Bytes: packed}}
	if dense > 0 {
		f.Memory = append(f.Memory, model.Part{Name: model.PartFloat, Bytes: dense})
	}
	f.Memory = append(f.Memory, model.Part{Name: model.PartEmbed, Bytes: embed})
	if !f.TiedEmbedding {
		f.Memory = append(f.Memory, model.Part{Name: model.PartHead, Bytes: head})
	}
	f.Memory = append(f.Memory, model.Part{Name: model.PartNorms, Bytes: norms})
}

// memory is what the weight of b takes once it is loaded, and the type of a
// matrix, Packed where it is ternary.
func (b *binding) memory() (bytes int64, t model.DType) {
	switch {
	case b.Slot.Norm != nil:
		return 4 * int64(b.Cols), model.F32
	case b.groupwise():
		return int64(b.enc.groups.size(b.Rows, b.Cols)), model.Packed
	case b.enc.ownGroups > 0:
		return int64(ternary.GroupedSize(b.Rows, b.Cols, b.enc.ownGroups, false, ternary.TwoBits)), model.Packed
	case b.enc == &floatGroups:
		// The first rows tell how all of them pack, nearly always.
		stride := b.floatType().Bytes(b.Cols)
		rows := make([]byte, min(b.Rows, max(1, chunkBytes/stride))*stride)
		if err := b.weight.readFull(rows, 0); err == nil {
			if g, err := lookAtRows(b.floatType(), rows, b.Cols); err == nil {
				return int64(ternary.GroupedSize(b.Rows, b.Cols, g.cols, g.wide, ternary.TwoBits)), model.Packed
			}
		}
		return b.weight.Size(), b.floatType()
	case b.enc == &denseMatrix:
		t, _ = model.DTypeNamed(b.weight.kind)
		return b.weight.Size(), t
	}
	return int64(ternary.Size(b.Rows, b.Cols)), model.Packed
}

// sameStart is same for a first look: matrices that begin alike are alike.
func sameStart(a, b *tensor) (bool, error) {
	if a.kind != b.kind || a.Size() != b.Size() {
		return false, nil
	}
	n := min(chunkBytes, a.Size())
	buf := make([]byte, 2*n)
	for i, t := range []*tensor{a, b} {
		if _, err := io.ReadFull(io.NewSectionReader(t, 0, n), buf[int64(i)*n:][:n]); err != nil {
			return false, fmt.Errorf("model: %v: %w", t, err)
		}
	}
	return bytes.Equal(buf[:n], buf[n:]), nil
}

// chats reports whether the tokenizer's files in dir hold a chat template.
func chats(fsys fs.FS, dir string) (bool, error) {
	if exists(fsys, path.Join(dir, "chat_template.jinja")) {
		return true, nil
	}
	raw, err := readSide(fsys, dir, "tokenizer_config.json")
	if err != nil || raw == nil {
		return false, err
	}
	var config struct {
		Template json.RawMessage `json:"chat_template"`
	}
	// What is wrong with it is for the tokenizer to say.
	_ = pyjson.Unmarshal(raw, &config)
	return len(config.Template) > 0 && string(config.Template) != "null", nil
}
