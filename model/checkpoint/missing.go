package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"tern/model"
	"tern/model/gguf"
	"tern/model/safetensors"
)

// ErrStandIn marks a file in whose place something else lies: a pointer of Git
// LFS, or a web page that was saved under its name.
var ErrStandIn = errors.New("not the file itself")

// ErrVision marks the part of a model that sees images, a file beside the model's own.
var ErrVision = errors.New("this is the vision part of a model, which holds no text model; open the model's other .gguf file, whose text works without it")

// StandIn returns an error that wraps ErrStandIn if the first bytes of the file
// of that name show that it is not the file itself.
func StandIn(name string, head []byte) error {
	what := ""
	trimmed := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head[:min(len(head), headBytes)], []byte("\ufeff")), " \t\r\n"))
	for _, known := range []struct{ prefix, what string }{
		{"version https://git-lfs.github.com/spec/", "it is a Git LFS pointer, which says where the file lies; fetch it with: git lfs pull"},
		{"version https://hawser.github.com/spec/", "it is a Git LFS pointer, which says where the file lies; fetch it with: git lfs pull"},
		{"<!doctype", "it is a web page; download the file instead of the page about it"},
		{"<html", "it is a web page; download the file instead of the page about it"},
		{"<head", "it is a web page; download the file instead of the page about it"},
		{"<?xml", "it is an answer of a server in XML, such as an error; download it again"},
		{`{"error"`, "it is an error that a server answered with; download it again"},
		{"invalid username or password", "it is an error that a server answered with; download it again"},
		{"entry not found", "it is an error that a server answered with; download it again"},
		{"access to model", "it is an error that a server answered with; download it again"},
	} {
		if bytes.HasPrefix(trimmed, []byte(known.prefix)) {
			what = known.what
			break
		}
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("model: %s: %s: %w", name, what, ErrStandIn)
}

// headBytes is how much of a file StandIn looks at.
const headBytes = 512

// standIns looks at the files of weights in dir, after one of them could not be
// read, and returns what StandIn says of the first that is not itself.
func standIns(fsys fs.FS, dir string) error {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if !strings.HasSuffix(name, ".safetensors") && !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".gguf") {
			continue
		}
		head, err := headOf(fsys, path.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		if err := StandIn(e.Name(), head); err != nil {
			return err
		}
	}
	return nil
}

// headOf reads the first bytes of a regular file.
func headOf(fsys fs.FS, name string) ([]byte, error) {
	if info, err := fs.Stat(fsys, name); err != nil || !info.Mode().IsRegular() {
		return nil, err // a named pipe would block
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return head[:n], err
}

// contents are the files of a folder that say something about weights.
type contents struct {
	weights  string   // model.safetensors or the index, in any case
	single   []string // other .safetensors files that are not parts
	parts    []string // of a checkpoint whose index is not there
	adapters []string // of LoRA and its like
	gguf     []string // of a split checkpoint, the first
	vision   []string // GGUF files beside them, by their names
	pickles  []string // of PyTorch and others, which Tern does not read
	dangling []string // links to files that are not there
}

// pickleEndings end files of weights that Tern does not read.
var pickleEndings = []string{".bin", ".pt", ".pth", ".ckpt", ".onnx", ".h5", ".msgpack", ".npz", ".mlmodel", ".tflite"}

// look sorts the files of the folder dir.
func look(fsys fs.FS, dir string) (c contents, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return c, fmt.Errorf("model: %w", err)
	}
	index := ""
	for _, e := range entries {
		name, lower := e.Name(), strings.ToLower(e.Name())
		ext := path.Ext(lower)
		weights := ext == ".safetensors" || ext == ".gguf" || strings.HasSuffix(lower, safetensors.IndexSuffix)
		switch {
		case e.IsDir():
		case weights && !exists(fsys, path.Join(dir, name)):
			c.dangling = append(c.dangling, name)
		case lower == WeightsName:
			if c.weights == "" || name == WeightsName {
				c.weights = name
			}
		case lower == "model"+safetensors.IndexSuffix:
			index = name
		case strings.HasSuffix(lower, safetensors.IndexSuffix):
			if index == "" {
				index = name
			}
		case ext == ".safetensors" && shardName.MatchString(name):
			c.parts = append(c.parts, name)
		case ext == ".safetensors" && strings.Contains(lower, "adapter"):
			c.adapters = append(c.adapters, name)
		case ext == ".safetensors":
			c.single = append(c.single, name)
		case ext == ".gguf":
			name = gguf.PartOf(name, 1)
			if strings.Contains(lower, "mmproj") {
				c.vision = append(c.vision, name)
			} else if !slices.Contains(c.gguf, name) {
				c.gguf = append(c.gguf, name)
			}
		case slices.Contains(pickleEndings, ext) && !strings.HasPrefix(lower, "training_args"):
			c.pickles = append(c.pickles, name)
		}
	}
	if c.weights == "" {
		c.weights = index
	}
	if c.gguf == nil { // opening it says what it is
		c.gguf = c.vision
	}
	return c, nil
}

// absent says what a folder without weights that Tern reads has instead.
func (c *contents) absent(folder string) error {
	switch {
	case len(c.dangling) > 0:
		return fmt.Errorf("model: %s: %s is a link to a file that is not there: %w", folder, c.dangling[0], model.ErrNotFound)
	case len(c.parts) > 0:
		return noIndex(c.parts[0])
	case len(c.adapters) > 0:
		return fmt.Errorf("model: %s: %s is an adapter, which changes another model; it must be merged into that first: %w", folder, c.adapters[0], model.ErrUnsupported)
	case len(c.pickles) > 0:
		return notRead(c.pickles[0])
	}
	return fmt.Errorf("model: %s holds neither %s nor a .gguf file: %w", folder, WeightsName, model.ErrNotFound)
}

// noIndex says that a part of a checkpoint lies without the list of all.
func noIndex(name string) error {
	m := shardName.FindStringSubmatch(path.Base(name))
	return fmt.Errorf("model: %s is one of several parts and %s is missing: %w", name, path.Base(m[1])+safetensors.IndexSuffix, model.ErrNotFound)
}

// notRead refuses a file of another kind.
func notRead(name string) error {
	return fmt.Errorf("model: %s: %w: %w", name, &KindError{strings.ToLower(path.Ext(name))}, model.ErrUnsupported)
}

// KindError names the ending of files of a kind that Tern does not read.
type KindError struct{ Ext string }

func (e *KindError) Error() string {
	return e.Ext + " files are not supported, safetensors and GGUF are"
}

// Folder returns the folder of the checkpoint in dir: dir itself, or what
// snapshot finds in a folder of the hub's cache.
func Folder(dir string) (string, error) {
	at, err := snapshot(dirFS(dir), ".")
	if err != nil || at == "" {
		return dir, err
	}
	return filepath.Join(dir, filepath.FromSlash(at)), nil
}

// snapshot returns the folder of the revision that a repository in the hub's
// cache (models--OWNER--NAME) has under the name main, or the only one; ""
// where dir is not such a repository.
func snapshot(fsys fs.FS, dir string) (string, error) {
	root := path.Join(dir, "snapshots")
	entries, err := fs.ReadDir(fsys, root)
	if err != nil {
		return "", nil
	}
	if ref, err := headOf(fsys, path.Join(dir, "refs", "main")); err == nil {
		name := path.Join(root, strings.TrimSpace(string(ref)))
		if fs.ValidPath(name) && path.Dir(name) == root && exists(fsys, name) {
			return name, nil
		}
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	switch len(names) {
	case 0:
		return "", fmt.Errorf("model: the folder of the hub's cache holds no snapshot: the download did not finish: %w", model.ErrNotFound)
	case 1:
		return path.Join(root, names[0]), nil
	}
	return "", fmt.Errorf("model: the folder of the hub's cache holds %d snapshots, of which one must be picked: %s: %w",
		len(names), strings.Join(names[:min(len(names), maxNamed)], ", "), model.ErrNotFound)
}
