package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"tern/model"
	"tern/model/gguf"
	"tern/model/internal/parallel"
	"tern/tokenizer/vocab"
)

// openGGUF reads the GGUF checkpoint that the file at name belongs to.
func (m *opening) openGGUF(ctx context.Context, fsys fs.FS, name string, o Options) error {
	f, list, x, err := m.planGGUF(fsys, name, o, func(a, b *tensor) (bool, error) { return same(ctx, a, b) })
	if err != nil {
		return err
	}
	defer f.Close()
	l := &loader{q: &quantization{normEps: x.Eps}, layout: o.I2S, report: o.Progress, narrow: o.Narrow}
	err = m.readBeside(ctx, list, l, func() error { return m.takeVocab(path.Base(name), f.Meta, &x) }, o.Vocabulary)
	if errors.As(err, new(groupsError)) && Find(m.Arch).input == bySigns && o.Input == nil {
		// The beginning did not show it: scales differ further on.
		float := model.InputFloat
		o.Input = &float
		m.Model = model.Model{Name: m.Name}
		return m.openGGUF(ctx, fsys, name, o)
	} else if err != nil {
		return err
	}
	for tensor, factors := range map[string][]float32{
		model.RopeFactorsName: m.RopeFactors, model.RopeLongName: m.RopeLong, model.RopeShortName: m.RopeShort,
	} {
		if err := checkFactors(path.Base(name), fmt.Sprintf("tensor %q", tensor), factors); err != nil {
			return err
		}
	}
	if x.Halves {
		m.RotateHalves()
	}
	return nil
}

// planGGUF reads the metadata and the tensor list, and says which tensor each
// weight comes from. same compares a head with the embedding. The caller closes
// the file.
func (m *opening) planGGUF(fsys fs.FS, name string, o Options, same func(a, b *tensor) (bool, error)) (f *gguf.File, list []binding, x Extras, err error) {
	if f, err = gguf.Open(fsys, name); err != nil {
		if instead := standIns(fsys, path.Dir(name)); instead != nil && errors.Is(err, gguf.ErrFormat) {
			return nil, nil, x, instead
		}
		return nil, nil, x, containerError(err)
	}
	if err = takeQ2(f, path.Base(name), o.Q2); err == nil {
		list, x, err = m.bindFile(f, path.Base(name), o.Input, same)
	}
	if err != nil {
		return nil, nil, x, errors.Join(err, f.Close())
	}
	return f, list, x, nil
}

// KeyStart names the token that begins a text, also in files without a vocabulary.
const KeyStart = "tokenizer.ggml.bos_token_id"

func (m *opening) bindFile(f *gguf.File, name string, input *model.Input, same func(a, b *tensor) (bool, error)) (list []binding, x Extras, err error) {
	tensors := fromGGUF(f)
	rows := 0
	if embed := tensors[model.GGUFNames.Embed+".weight"]; embed != nil && len(embed.shape) > 0 {
		rows = embed.shape[0]
	}
	longs := tensors[model.RopeLongName] != nil && tensors[model.RopeShortName] != nil
	k := &metadata{file: name, pairs: f.Meta, longs: longs}
	var notes []string
	if m.Config, notes, err = k.read(rows); err != nil {
		return nil, x, err
	}
	m.Notes = append(m.Notes, notes...)
	m.Recommended = recommendedGGUF(f.Meta)
	if id := k.int(KeyStart, -1); id >= 0 && id < m.VocabSize {
		m.BOS = int32(id) // unless the vocabulary says another
	}
	a := Find(m.Arch)
	if m.Input, err = a.inputOf(k, &m.Config, tensors["blk.0.attn_q.weight"], input); err != nil {
		return nil, x, err
	}
	x = k.extras()
	if k.err != nil {
		return nil, x, k.err
	}
	if m.SubNorm && tensors["blk.0.attn_sub_norm.weight"] == nil {
		return nil, x, k.problem(model.ErrUnsupported, "there are no sub-norms, so this is another kind of bitnet model")
	}
	ignore, err := m.tie(tensors, same)
	if err != nil {
		return nil, x, err
	}
	m.Allocate()
	parts := m.Slots(a.GGUF.TensorNames())
	if tensors[model.RopeFactorsName] != nil {
		parts = append(parts, model.Slot{Name: model.RopeFactorsName, Layer: -1, Rows: 1, Cols: m.HeadDim / 2, Norm: &m.RopeFactors})
	}
	if longs {
		parts = append(parts, model.Slot{Name: model.RopeLongName, Layer: -1, Rows: 1, Cols: m.HeadDim / 2, Norm: &m.RopeLong},
			model.Slot{Name: model.RopeShortName, Layer: -1, Rows: 1, Cols: m.HeadDim / 2, Norm: &m.RopeShort})
	}
	if err := k.hadamard(m, parts); err != nil {
		return nil, x, err
	}
	skip := m.nextBlocks(tensors)
	if ignore != "" {
		skip[ignore] = true
	}
	list, m.Ignored, err = bindGGUF(name, parts, tensors, a.GGUF.latent, m.Input, skip, &x)
	return list, x, err
}

// takeVocab reads the vocabulary and takes from it which tokens begin and end texts.
func (m *opening) takeVocab(file string, meta map[string]gguf.Value, x *Extras) error {
	v, err := readVocab(file, meta)
	if err != nil {
		return err
	}
	if m.Tokenizer.GGUF = v; v != nil {
		m.BOS = -1
		if int(v.BOS) < m.VocabSize {
			m.BOS = v.BOS
		}
		addStops(&m.Config, stopsOf(v))
	}
	if x.Stops != nil {
		m.StopIDs = nil
		addStops(&m.Config, x.Stops)
	}
	return nil
}

// tie decides whether the head is the embedding. The first file of 2B-4T holds
// the same matrix twice: such a second copy is named, to be skipped.
func (m *opening) tie(tensors map[string]*tensor, same func(a, b *tensor) (bool, error)) (ignore string, err error) {
	head, embed := tensors[model.GGUFNames.Head+".weight"], tensors[model.GGUFNames.Embed+".weight"]
	if head == nil || embed == nil {
		m.TiedEmbedding = true
		return "", nil
	}
	if m.TiedEmbedding, err = same(head, embed); err != nil || !m.TiedEmbedding {
		return "", err
	}
	return head.name, nil
}

// errDiffer ends the comparison of two tensors.
var errDiffer = errors.New("tensors differ")

// same reports whether two tensors hold the same numbers in the same form.
func same(ctx context.Context, a, b *tensor) (bool, error) {
	if a.kind != b.kind || a.Size() != b.Size() {
		return false, nil
	}
	n := int((a.Size() + chunkBytes - 1) / chunkBytes)
	err := parallel.Each(ctx, n, func(i int) error {
		off := int64(i) * chunkBytes
		size := min(chunkBytes, a.Size()-off)
		buf := make([]byte, 2*size)
		for j, t := range []*tensor{a, b} {
			if err := t.readFull(buf[int64(j)*size:][:size], off); err != nil {
				return err
			}
		}
		if !bytes.Equal(buf[:size], buf[size:]) {
			return errDiffer
		}
		return nil
	}, func() {})
	if errors.Is(err, errDiffer) {
		return false, nil
	}
	return err == nil, err
}

// OpenVocab reads the vocabulary of the GGUF checkpoint at path and leaves its
// weights alone; it is nil where path is not such a checkpoint or has none.
// Errors are those of Open.
func OpenVocab(path string) (*vocab.GGUF, error) {
	dir, name, err := split(path)
	if err != nil {
		return nil, err
	}
	fsys := dirFS(dir)
	at, err := locate(fsys, name)
	if err != nil || !at.gguf {
		return nil, err
	}
	f, err := gguf.Open(fsys, at.weights)
	if err != nil {
		return nil, containerError(err)
	}
	defer f.Close()
	return readVocab(filepath.Base(at.weights), f.Meta)
}

// nextBlocks names the tensors of blocks after the layers, which predict further
// tokens and are not run.
func (m *opening) nextBlocks(tensors map[string]*tensor) map[string]bool {
	skip := map[string]bool{}
	if !m.AttnGate {
		return skip
	}
	for name := range tensors {
		var n int
		if _, err := fmt.Sscanf(name, "blk.%d.", &n); err == nil && n >= m.Config.Layers {
			skip[name] = true
		}
	}
	return skip
}
