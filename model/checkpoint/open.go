// Package checkpoint reads checkpoints of ternary models, in safetensors and GGUF
// files, into a model.Model. It holds no file once Open has returned.
//
// Open finds the container (files.go). A configuration (hfconfig.go for
// config.json, ggufconfig.go for the metadata of GGUF) says which weights there
// must be; each is bound to a tensor (bind.go, ggufbind.go) and then read
// (load.go). What differs between architectures is in arch_*.go, what differs
// between ways of storing a weight in enc_*.go.
package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"tern/model"
	"tern/model/gguf"
	"tern/model/internal/memory"
	"tern/model/safetensors"
	"tern/tokenizer/vocab"
)

const (
	// WeightsName is the file of a checkpoint in one file.
	WeightsName = "model.safetensors"
	// maxSideFile bounds config.json and the tokenizer's files; the largest
	// known tokenizer.json has 33 MB.
	maxSideFile = 256 << 20
	// largeBuffer is a loading buffer worth giving back to the system at once.
	largeBuffer = 1 << 20
)

// Options says how to open a checkpoint. The zero value suits nearly all.
type Options struct {
	// Progress, if it is not nil, is called on the calling goroutine, at
	// least once per layer.
	Progress func(model.Progress)
	// I2S is the layout of I2_S tensors. Files do not tell theirs; all that
	// are published have the default.
	I2S I2SLayout
	// Input, if it is not nil, is what ternary projections multiply with, for
	// architectures that have checkpoints of either kind; see
	// model.Input.
	Input *model.Input
	// Q2 is the layout of Q2_0 tensors, gguf.Q2 or gguf.Q2Legacy, where the sizes
	// of a file allow both; 0 takes the one whose scales look like scales.
	Q2 gguf.Type
	// Vocabulary, if it is not nil, is called with what Model.Tokenizer and VocabSize
	// will say while the weights are read, on another goroutine: a tokenizer can be
	// made meanwhile. It has returned when OpenWith does.
	Vocabulary func(vocab.Files)
	// Narrow, if it is not nil, reports whether a head of 16-bit floats is to be kept in
	// 12 bits where that works, as [model.Dense.Narrowed] does later with more work.
	Narrow func(head *model.Dense) bool
}

// Open is OpenWith with nothing but progress, which may be nil.
func Open(ctx context.Context, path string, progress func(model.Progress)) (*model.Model, error) {
	return OpenWith(ctx, path, Options{Progress: progress})
}

// OpenWith reads the checkpoint at path: a folder, or any file in it. Picking
// one .safetensors or .gguf file of a folder that holds several means that one;
// picking a shard means all of them.
//
// It holds no file and no goroutine when it returns. A cancelled
// context stops it within a chunk of 256 KiB.
//
// Errors wrap ErrNotFound, ErrUnsupported, ErrDamaged, those of the context, or
// those of the file system.
func OpenWith(ctx context.Context, path string, o Options) (*model.Model, error) {
	dir, name, err := split(path)
	if err != nil {
		return nil, err
	}
	defer memory.HugeHeap()()
	m, err := openFS(ctx, dirFS(dir), name, o)
	if err != nil {
		return nil, err
	}
	m.Path = path
	if m.Name = singleName(name); m.Name == "" {
		m.Name = folderName(filepath.Clean(dir))
	}
	return m, nil
}

// split returns the folder of path and the name in it, "." for the folder itself.
func split(path string) (dir, name string, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", "", fmt.Errorf("model: %w", err)
	}
	info, err := os.Stat(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("model: %s: %w", path, model.ErrNotFound)
	} else if err != nil {
		return "", "", fmt.Errorf("model: %w", err)
	}
	if info.IsDir() {
		return abs, ".", nil
	}
	dir, name = filepath.Split(abs)
	return dir, name, nil
}

// folderName is what to call the model in dir. The cache of the Hugging Face
// hub names folders models--OWNER--NAME/snapshots/COMMIT.
func folderName(dir string) string {
	root := dir
	if parent := filepath.Dir(dir); filepath.Base(parent) == "snapshots" {
		root = filepath.Dir(parent)
	}
	if repo := strings.Split(filepath.Base(root), "--"); len(repo) == 3 && repo[0] == "models" {
		return repo[2]
	}
	return filepath.Base(dir)
}

// singleName is what to call the model in a picked file, "" where its folder
// names it.
func singleName(name string) string {
	ext := path.Ext(name)
	if base := strings.TrimSuffix(name, ext); strings.EqualFold(ext, ".gguf") {
		if prefix, _, ok := gguf.SplitName(name); ok {
			base = prefix
		}
		if base == "model" || strings.HasPrefix(base, "ggml-model") { // as converters call any
			return ""
		}
		return base
	}
	base := strings.TrimSuffix(name, ext)
	if !strings.EqualFold(ext, ".safetensors") || strings.EqualFold(name, WeightsName) || shardName.MatchString(name) {
		return ""
	}
	return base
}

// OpenFS is Open in a file system whose files implement io.ReaderAt, as those
// of os.DirFS and embed.FS do. The model's Name is that of its folder.
func OpenFS(ctx context.Context, fsys fs.FS, name string, progress func(model.Progress)) (*model.Model, error) {
	return openFS(ctx, fsys, name, Options{Progress: progress})
}

func openFS(ctx context.Context, fsys fs.FS, name string, o Options) (*model.Model, error) {
	at, err := locate(fsys, name)
	if err != nil {
		return nil, err
	}
	m := &opening{Model: model.Model{Name: path.Base(at.dir)}}
	if at.gguf {
		err = m.openGGUF(ctx, fsys, at.weights, o)
	} else {
		err = m.openSafetensors(ctx, fsys, at, o)
	}
	if err != nil {
		return nil, err
	}
	return &m.Model, nil
}

func (m *opening) openSafetensors(ctx context.Context, fsys fs.FS, at place, o Options) error {
	if err := readTokenizer(&m.Tokenizer, fsys, at.dir); err != nil {
		return err
	}
	set, list, q, err := m.planSafetensors(fsys, at, o.Input)
	if err != nil {
		return err
	}
	defer set.Close()
	m.RopeLong, m.RopeShort = q.long, q.short
	l := &loader{q: &q, report: o.Progress, narrow: o.Narrow}
	if err := m.readBeside(ctx, list, l, func() error { return nil }, o.Vocabulary); err != nil {
		return err
	}
	if convert := Find(m.Arch).fromClass; convert != nil {
		return convert(&m.Model)
	}
	return nil
}

// planSafetensors reads the configuration and the headers, and says which
// tensor each weight comes from. The caller closes the set.
func (m *opening) planSafetensors(fsys fs.FS, at place, input *model.Input) (set *safetensors.Set, list []binding, q quantization, err error) {
	raw, err := readSide(fsys, at.dir, "config.json")
	if err != nil {
		return nil, nil, q, err
	}
	if raw == nil {
		return nil, nil, q, fmt.Errorf("model: config.json is missing beside %s: %w", path.Base(at.weights), model.ErrNotFound)
	}
	var tied *bool
	if m.Config, q, tied, err = parseConfig(raw); err != nil {
		return nil, nil, q, err
	}
	if input != nil && Find(m.Arch).input != alwaysInt8 {
		m.Input = *input
	}
	q.int8 = m.Input == model.InputInt8
	if raw, err = readSide(fsys, at.dir, "generation_config.json"); err != nil {
		return nil, nil, q, err
	} else if raw != nil {
		m.addGenerationConfig(raw)
		m.Recommended = recommended(raw)
	}
	if set, err = safetensors.Open(fsys, at.weights); err != nil {
		if instead := standIns(fsys, at.dir); instead != nil && errors.Is(err, safetensors.ErrFormat) {
			return nil, nil, q, instead
		}
		return nil, nil, q, containerError(err)
	}
	tensors := fromSafetensors(set)
	var seeing []string
	if q.sees {
		seeing = textTensors(tensors)
	}
	m.TiedEmbedding = or(tied, tensors[headName] == nil)
	m.Allocate()
	if list, m.Ignored, err = bind(path.Base(at.weights), m.slots(), &q, tensors); err != nil {
		return nil, nil, q, errors.Join(err, set.Close())
	}
	m.Ignored = append(m.Ignored, seeing...)
	if slices.ContainsFunc(list, func(b binding) bool { return b.scale != nil }) {
		m.Input = model.InputInt8 // packed as transformers packs BitNet, whatever config.json says
	}
	m.noteAssumed(list, &q)
	return set, list, q, nil
}

// containerError adds what kind of problem an error of a container is.
func containerError(err error) error {
	switch {
	case errors.Is(err, safetensors.ErrFormat), errors.Is(err, gguf.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("model: %w: %w", err, model.ErrDamaged)
	case errors.Is(err, gguf.ErrVersion):
		return fmt.Errorf("model: %w: %w", err, model.ErrUnsupported)
	case errors.Is(err, fs.ErrNotExist): // a shard, for instance
		return fmt.Errorf("model: %w: %w", err, model.ErrNotFound)
	}
	return fmt.Errorf("model: %w", err)
}

// readBeside reads the weights and, beside that, takes the vocabulary and tells of it. A
// vocabulary that cannot be used ends the reading. It is taken once there is memory for the
// weights, before which the garbage collector would look at all of it.
func (m *opening) readBeside(ctx context.Context, list []binding, l *loader, take func() error, tell func(vocab.Files)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed error
	var wait sync.WaitGroup
	begin := sync.OnceFunc(func() {
		wait.Go(func() {
			memory.HugeHeap()()
			if failed = take(); failed != nil {
				cancel()
			} else if tell != nil {
				files := m.Tokenizer
				files.Rows = m.VocabSize
				tell(files)
			}
		})
	})
	l.ctx, l.ready = ctx, begin
	err := m.read(list, l)
	begin() // where there was no memory to take
	wait.Wait()
	if failed != nil {
		return failed
	}
	return err
}

// read reads the tensors of list and notes what they are.
func (m *opening) read(list []binding, l *loader) error {
	for i := range list {
		b := &list[i]
		for _, t := range b.tensors() {
			info := model.TensorInfo{Name: t.name, Type: t.kind, Shape: t.shape, Layer: b.Layer}
			if t == b.weight && b.Linear != nil && b.enc != &denseMatrix {
				info.Linear = b.Linear
			}
			m.Tensors = append(m.Tensors, info)
		}
	}
	l.progress.Layers, l.head = m.Config.Layers, m.Head
	defer l.rooms.free()
	if err := l.load(list); err != nil {
		return err
	}
	switch {
	case l.floatsLeft && !l.ternary:
		m.Notes = append(m.Notes, "None of its matrices are ternary, so it is computed in float: it works, and is slow.")
	case l.floatsLeft:
		m.Notes = append(m.Notes, "Some of its matrices are not ternary and are computed in float.")
	}
	if len(l.buf) >= largeBuffer {
		l.buf = nil
		debug.FreeOSMemory()
	}
	return nil
}
