package checkpoint

import (
	"fmt"
	"math"
	"strings"

	"tern/model"
	"tern/model/gguf"
)

// metadata reads the key-value pairs of a file. The first value of a wrong type,
// or that is missing and has no default, stays in err; what is returned then does
// not matter.
type metadata struct {
	file  string // base name, for errors
	pairs map[string]gguf.Value
	arch  string
	err   error
	asked map[string]bool // keys that were looked for
	notes []string
	longs bool // the file has the factors of longrope
}

// get returns the value at key, and notes that somebody knows the key.
func (k *metadata) get(key string) (gguf.Value, bool) {
	if k.asked == nil {
		k.asked = make(map[string]bool)
	}
	k.asked[key] = true
	v, ok := k.pairs[key]
	return v, ok
}

func (k *metadata) fail(format string, args ...any) {
	if k.err == nil {
		k.err = k.problem(model.ErrDamaged, format, args...)
	}
}

// problem is an error of a kind about the file.
func (k *metadata) problem(kind error, format string, args ...any) error {
	return fmt.Errorf("model: %s: %s: %w", k.file, fmt.Sprintf(format, args...), kind)
}

// of is the full name of a key of the architecture.
func (k *metadata) of(name string) string { return k.arch + "." + name }

// int returns the integer at key.
func (k *metadata) int(key string, fallback ...int) int {
	v, ok := k.get(key)
	if !ok {
		if len(fallback) == 0 {
			k.fail("metadata %s is missing", key)
			return 0
		}
		return fallback[0]
	}
	v, same := k.perLayer(key, v)
	if !same {
		return 0
	}
	n, ok := v.Int()
	if f, isFloat := v.Float(); isFloat && f == math.Trunc(f) && math.Abs(f) < math.MaxInt32 {
		n, ok = int64(f), true
	}
	if !ok || n < math.MinInt32 || n > math.MaxUint32 || int64(int(n)) != n {
		k.fail("metadata %s is not an integer of at most 32 bits", key)
	}
	return int(n)
}

// perLayer returns the one value of a key that has a number for each layer, as
// llama.cpp reads them (get_key_or_arr), or v where it is a number.
func (k *metadata) perLayer(key string, v gguf.Value) (one gguf.Value, ok bool) {
	if v.Type != gguf.Array {
		return v, true
	}
	elems := v.Elems()
	layers, known := k.pairs[k.of("block_count")].Int()
	switch {
	case len(elems) == 0:
		k.fail("metadata %s is not a number", key)
		return v, false
	case known && int64(len(elems)) != layers:
		k.fail("metadata %s has %d numbers for %d layers", key, len(elems), layers)
		return v, false
	}
	for _, e := range elems {
		if e != elems[0] {
			if k.err == nil {
				k.err = k.problem(model.ErrUnsupported, "metadata %s differs from layer to layer, which is not supported", key)
			}
			return v, false
		}
	}
	return elems[0], true
}

// float returns the number at key.
func (k *metadata) float(key string, fallback ...float64) float64 {
	v, ok := k.get(key)
	if !ok {
		if len(fallback) == 0 {
			k.fail("metadata %s is missing", key)
			return 0
		}
		return fallback[0]
	}
	v, same := k.perLayer(key, v)
	if !same {
		return 0
	}
	if n, ok := v.Int(); ok {
		return float64(n)
	}
	f, ok := v.Float()
	if !ok {
		k.fail("metadata %s is not a number", key)
	}
	return f
}

// text returns the string at key, "" where there is none.
func (k *metadata) text(key string) string {
	v, ok := k.get(key)
	if !ok {
		return ""
	}
	s, ok := v.Text()
	if !ok {
		k.fail("metadata %s is not a string", key)
	}
	return s
}

// parseGGUF reads the metadata that say how to compute. vocab is the number of
// rows of the embedding, for files that give no other.
func parseGGUF(file string, meta map[string]gguf.Value, vocab int) (model.Config, error) {
	c, _, err := configGGUF(file, meta, vocab)
	return c, err
}

// configGGUF is parseGGUF with notes on keys that nobody reads.
func configGGUF(file string, meta map[string]gguf.Value, vocab int) (c model.Config, notes []string, err error) {
	return (&metadata{file: file, pairs: meta}).read(vocab)
}

func (k *metadata) read(vocab int) (c model.Config, notes []string, err error) {
	if c, err = k.config(vocab); err == nil {
		err = k.unheard()
	}
	return c, k.notes, err
}

func (k *metadata) config(vocab int) (model.Config, error) {
	k.arch = k.text("general.architecture")
	a := findGGUF(k.arch)
	switch {
	case k.arch == "clip", k.text("general.type") == "mmproj":
		return model.Config{}, fmt.Errorf("model: %s: %w: %w", k.file, ErrVision, model.ErrUnsupported)
	case k.arch == "":
		return model.Config{}, k.problem(model.ErrUnsupported, "metadata name no architecture")
	case a == nil:
		return model.Config{}, fmt.Errorf("model: %s: %w: %w", k.file, &ArchitectureError{"architecture", k.arch}, model.ErrUnsupported)
	}
	c := a.Base
	c.BOS, c.TiedEmbedding, c.RopeAdjacent = -1, true, a.GGUF.Adjacent
	if err := k.refuse(); err != nil {
		return c, err
	}
	c.Layers = k.int(k.of("block_count"))
	c.Dim = k.int(k.of("embedding_length"))
	c.FFNDim = k.int(k.of("feed_forward_length"))
	c.Heads = k.int(k.of("attention.head_count"))
	c.KVHeads = k.int(k.of("attention.head_count_kv"), c.Heads)
	c.ContextLen = k.int(k.of("context_length"), 2048)
	c.NormEps = float32(k.float(k.of("attention.layer_norm_rms_epsilon")))
	c.RopeTheta = k.float(k.of("rope.freq_base"), 10_000)
	c.VocabSize = k.int(k.of("vocab_size"), vocab)
	if k.err != nil {
		return c, k.err
	}
	if a.GGUF.read != nil {
		a.GGUF.read(k, &c)
	}
	if err := k.headDim(&c, a.GGUF.partialRope); err != nil {
		return c, err
	}
	if err := k.activation(&c); err != nil {
		return c, err
	}
	if a.GGUF.settle != nil {
		b := &Find(a.GGUF.settle(k, &c)).Base
		c.Arch, c.Family, c.OnlyChats = b.Arch, b.Family, b.OnlyChats
	}
	if k.err != nil {
		return c, k.err
	}
	var err error
	if c.RopeScaling, err = k.rope(&c, k.longs); err != nil {
		return c, err
	}
	if err := c.Problem(); err != nil {
		return c, fmt.Errorf("model: %s: %w", k.file, err)
	}
	return c, nil
}

// refuse names the first feature that would change the computation and that
// Tern does not have.
func (k *metadata) refuse() error {
	unsupported := func(format string, args ...any) error {
		return k.problem(model.ErrUnsupported, format+" is not supported", args...)
	}
	if kind := k.text("general.type"); kind != "" && kind != "model" {
		return unsupported("a file of type %q", kind)
	}
	for key := range k.pairs {
		name, ok := strings.CutPrefix(key, k.arch+".")
		if ok && (strings.Contains(name, "yoco") || strings.Contains(name, "moe_")) {
			return unsupported("metadata %s, which belongs to another kind of %s model,", key, k.arch)
		}
	}
	if n := k.int(k.of("expert_count"), 0); n > 0 {
		return unsupported("a mixture of %d experts", n)
	}
	if n := k.int(k.of("attention.sliding_window"), 0); n > 0 {
		return unsupported("sliding-window attention (%d)", n)
	}
	return k.err
}

// headDim finds the size of a head, all of which must be rotated.
func (k *metadata) headDim(c *model.Config, partial bool) error {
	fallback := 0
	if c.Heads > 0 && c.Dim%c.Heads == 0 {
		fallback = c.Dim / c.Heads
	}
	c.HeadDim = k.int(k.of("attention.key_length"), fallback)
	value := k.int(k.of("attention.value_length"), c.HeadDim)
	rotated := k.int(k.of("rope.dimension_count"), c.HeadDim)
	switch {
	case k.err != nil:
		return k.err
	case value != c.HeadDim:
		return k.problem(model.ErrUnsupported, "heads of %d for keys and %d for values are not supported", c.HeadDim, value)
	case partial:
		if c.RopeDim = rotated; rotated == c.HeadDim {
			c.RopeDim = 0
		}
	case rotated != c.HeadDim:
		return k.problem(model.ErrUnsupported, "rotating only %d of the %d numbers of a head is not supported", rotated, c.HeadDim)
	}
	return nil
}

// activation reads the activation where the file names one.
func (k *metadata) activation(c *model.Config) error {
	name := k.text(k.of(KeyActivation))
	if name == "" {
		return k.err
	}
	var ok bool
	if c.Activation, ok = activationNamed(name); !ok {
		return k.problem(model.ErrUnsupported, "activation %q is not supported", name)
	}
	return k.err
}
