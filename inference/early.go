package inference

import (
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

// Early is what of an engine is made while the weights of its checkpoint are read: the
// tokenizer, and the head in 12 bits. Its zero value is ready for one checkpoint.
type Early struct {
	files vocab.Files
	tok   tokenizer.Tokenizer
	err   error
	made  bool
}

// Reading adds to what a checkpoint is opened with. The engine is then made with e in
// [Options.Early].
func (e *Early) Reading(o checkpoint.Options) checkpoint.Options {
	o.Narrow = scans
	o.Vocabulary = func(f vocab.Files) {
		e.files, e.made = f, true
		e.tok, e.err = tokenizer.New(f)
	}
	return o
}

// tokenizer makes the tokenizer of m, or takes the one that was made of the same files.
// e may be nil.
func (e *Early) tokenizer(m *model.Model) (tokenizer.Tokenizer, error) {
	if e == nil || !e.made || m.VocabSize != e.files.Rows || !sameFiles(&m.Tokenizer, &e.files) {
		return newTokenizer(m)
	}
	return e.tok, e.err
}

// sameFiles reports whether a and b are the same pieces of memory.
func sameFiles(a, b *vocab.Files) bool {
	other := b.All()
	for i, f := range a.All() {
		x, y := *f.Data, *other[i].Data
		if len(x) != len(y) || len(x) > 0 && &x[0] != &y[0] {
			return false
		}
	}
	return a.GGUF == b.GGUF
}
