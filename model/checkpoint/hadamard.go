package checkpoint

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"tern/model"
	"tern/model/gguf"
)

// hadamardPrefix begins the keys of rotated weights.
const hadamardPrefix = "prism.hadamard."

// foldable are the modules whose inputs may be rotated.
var foldable = []string{"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_gate", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "ssm_out"}

// hadamard reads prism.hadamard.* and marks the matrices whose weights are stored
// in the rotated basis (llama-model.cpp of PrismML's llama.cpp). Everything that
// is not understood is an error: to skip a rotation loads cleanly and writes
// garbage.
func (k *metadata) hadamard(m *opening, slots []model.Slot) error {
	present := false
	for key := range k.pairs {
		present = present || strings.HasPrefix(key, hadamardPrefix)
	}
	if !present {
		return nil
	}
	refuse := func(format string, args ...any) error {
		return k.problem(model.ErrUnsupported, "its weights are rotated in a way that Tern does not know: "+format, args...)
	}
	h := hadamardKeys{version: k.int(hadamardPrefix+"version", 0), block: k.int(hadamardPrefix+"block_size", 0)}
	transform, axis, mode := k.text(hadamardPrefix+"transform"), k.text(hadamardPrefix+"axis"), k.text(hadamardPrefix+"sign_mode")
	tied, err := k.flag(hadamardPrefix + "tied_output")
	if err != nil {
		return err
	}
	if h.grouped, err = k.flag(hadamardPrefix + "gdn_v_grouped"); err != nil {
		return err
	}
	weights, inverse := k.strings(hadamardPrefix+"weight_names"), k.strings(hadamardPrefix+"inverse_weight_names")
	switch {
	case k.err != nil:
		return k.err
	case h.version != 1 && h.version != 2:
		return refuse("version %d", h.version)
	case h.block < 32 || h.block > 8192 || bits.OnesCount(uint(h.block)) != 1:
		return refuse("blocks of %d", h.block)
	case transform != "normalized-sylvester-walsh-hadamard":
		return refuse("transform %q", transform)
	case axis != "input-last-dimension":
		return refuse("axis %q", axis)
	case mode != "identity" && mode != "explicit":
		return refuse("sign mode %q", mode)
	case tied && h.version < 2:
		return refuse("a tied output in version %d", h.version)
	case len(weights) == 0:
		return refuse("no weights are named")
	}
	if err := h.readSigns(k, mode == "explicit"); err != nil {
		return err
	}
	for _, name := range inverse {
		if name != model.GGUFNames.Embed+".weight" {
			return refuse("the inverse of %q", name)
		}
		if m.EmbedRotation, err = h.of(k, m.Dim, false); err != nil {
			return err
		}
	}
	if m.EmbedRotation != nil && m.TiedEmbedding {
		if !tied {
			return refuse("a rotated embedding is the head in version %d", h.version)
		}
		m.HeadRotation = m.EmbedRotation
	}
	seen := map[string]bool{}
	for _, name := range weights {
		if seen[name] {
			return refuse("%q is named twice", name)
		}
		seen[name] = true
		if err := h.mark(k, m, slots, name); err != nil {
			return err
		}
	}
	return nil
}

// hadamardKeys is what the keys say of all matrices.
type hadamardKeys struct {
	version, block int
	grouped        bool
	signs          map[int][]float32 // by the width of an input; nil for none
	made           map[[2]int]*model.Rotation
}

// mark says that the weights called name are rotated.
func (h *hadamardKeys) mark(k *metadata, m *opening, slots []model.Slot, name string) error {
	if name == model.GGUFNames.Head+".weight" && !m.TiedEmbedding {
		r, err := h.of(k, m.Dim, false)
		m.HeadRotation = r
		return err
	}
	i := slices.IndexFunc(slots, func(s model.Slot) bool { return s.Name == name })
	if i < 0 || slots[i].Linear == nil {
		return k.problem(model.ErrUnsupported, "its weights are rotated in a way that Tern does not know: there is no tensor %q", name)
	}
	s := &slots[i]
	module := s.Module()[strings.LastIndex(s.Module(), ".")+1:]
	if !slices.Contains(foldable, module) {
		return k.problem(model.ErrUnsupported, "its weights are rotated in a way that Tern does not know: %q", name)
	}
	r, err := h.of(k, s.Cols, module == "ssm_out" && h.grouped)
	s.Linear.Rotation = r
	return err
}

// of is the rotation of inputs of a width, one value for all matrices that share
// it.
func (h *hadamardKeys) of(k *metadata, width int, grouped bool) (*model.Rotation, error) {
	key := [2]int{width, 0}
	if grouped {
		key[1] = 1
	}
	if r := h.made[key]; r != nil {
		return r, nil
	}
	if width%h.block != 0 {
		return nil, k.problem(model.ErrUnsupported, "its weights are rotated in a way that Tern does not know: blocks of %d in a width of %d", h.block, width)
	}
	r := &model.Rotation{Block: h.block, Grouped: grouped}
	if h.signs != nil {
		if r.Signs = h.signs[width]; r.Signs == nil {
			return nil, k.problem(model.ErrUnsupported, "its weights are rotated in a way that Tern does not know: no signs for a width of %d", width)
		}
	}
	if h.made == nil {
		h.made = map[[2]int]*model.Rotation{}
	}
	h.made[key] = r
	return r, nil
}

// readSigns reads one vector of signs for each width.
func (h *hadamardKeys) readSigns(k *metadata, explicit bool) error {
	wrong := func(format string, args ...any) error {
		return k.problem(model.ErrUnsupported, "its weights are rotated in a way that Tern does not know: "+format, args...)
	}
	widths, err := k.ints(hadamardPrefix + "sign_widths")
	if err != nil {
		return err
	}
	values, err := k.ints(hadamardPrefix + "sign_values")
	if err != nil {
		return err
	}
	if !explicit {
		if len(widths) > 0 || len(values) > 0 {
			return wrong("signs beside the sign mode identity")
		}
		return nil
	}
	h.signs = map[int][]float32{}
	for _, w := range widths {
		switch {
		case w <= 0 || w > int64(len(values)):
			return wrong("%d signs for a width of %d", len(values), w)
		case w%int64(h.block) != 0:
			return wrong("signs for a width of %d in blocks of %d", w, h.block)
		case h.signs[int(w)] != nil:
			return wrong("two lists of signs for a width of %d", w)
		}
		list := make([]float32, w)
		for i, v := range values[:w] {
			if v != 1 && v != -1 {
				return wrong("a sign of %d", v)
			}
			list[i] = float32(v)
		}
		h.signs[int(w)], values = list, values[w:]
	}
	if len(values) > 0 {
		return wrong("%d signs belong to no width", len(values))
	}
	return nil
}

// ints returns the list of integers at key, nil where there is none.
func (k *metadata) ints(key string) ([]int64, error) {
	v, ok := k.get(key)
	if !ok {
		return nil, nil
	}
	list, ok := v.Ints()
	if !ok {
		return nil, k.problem(model.ErrDamaged, "metadata %s is not a list of integers", key)
	}
	return list, nil
}

// flag returns the boolean at key, false where there is none.
func (k *metadata) flag(key string) (bool, error) {
	v, ok := k.get(key)
	if !ok {
		return false, nil
	}
	b, ok := v.Bool()
	if !ok {
		return false, k.problem(model.ErrDamaged, "metadata %s is neither true nor false", key)
	}
	return b, nil
}

// HadamardPairs lists the keys from which a reader knows the rotations of m; none for
// a model without any. What the keys cannot say is ErrUnsupported.
func HadamardPairs(m *model.Model, names *model.Names) ([]gguf.Pair, error) {
	h := hadamardKeys{signs: map[int][]float32{}}
	var list, inverse []string
	cannot := func(format string, args ...any) ([]gguf.Pair, error) {
		return nil, fmt.Errorf("model: its weights are rotated in a way that no file can say: "+format+": %w", append(args, model.ErrUnsupported)...)
	}
	explicit := 0
	add := func(r *model.Rotation, width int) bool {
		if r.Signs != nil {
			explicit++
		}
		before, seen := h.signs[width]
		ok := (h.block == 0 || h.block == r.Block) && (!seen || slices.Equal(before, r.Signs))
		h.block, h.signs[width] = r.Block, r.Signs
		return ok
	}
	rotations := 0
	for _, s := range m.Slots(names) {
		if s.Linear == nil || s.Linear.Rotation == nil {
			continue
		}
		r := s.Linear.Rotation
		rotations++
		if r.Grouped {
			h.grouped = true
		}
		if !add(r, s.Cols) {
			return cannot("two rotations of a width of %d", s.Cols)
		}
		list = append(list, s.Name)
	}
	tied := m.TiedEmbedding && m.HeadRotation != nil
	for _, r := range []*model.Rotation{m.EmbedRotation, m.HeadRotation} {
		if r != nil {
			if rotations++; !add(r, m.Dim) {
				return cannot("two rotations of a width of %d", m.Dim)
			}
		}
	}
	switch {
	case rotations == 0:
		return nil, nil
	case explicit != 0 && explicit != rotations:
		return cannot("some matrices have signs and some have none")
	case m.TiedEmbedding && (m.EmbedRotation == nil) != (m.HeadRotation == nil):
		return cannot("the embedding is the head, and one of them is rotated")
	case len(list) == 0 && (m.HeadRotation == nil || tied):
		return cannot("no matrix of a layer is")
	}
	if m.HeadRotation != nil && !tied {
		list = append(list, names.Head+".weight")
	}
	if m.EmbedRotation != nil {
		inverse = append(inverse, names.Embed+".weight")
	}
	version, mode := uint32(1), "identity"
	if tied {
		version = 2
	}
	if explicit > 0 {
		mode = "explicit"
	}
	pairs := []gguf.Pair{
		{Key: hadamardPrefix + "version", Value: version},
		{Key: hadamardPrefix + "block_size", Value: uint32(h.block)},
		{Key: hadamardPrefix + "transform", Value: "normalized-sylvester-walsh-hadamard"},
		{Key: hadamardPrefix + "axis", Value: "input-last-dimension"},
		{Key: hadamardPrefix + "sign_mode", Value: mode},
		{Key: hadamardPrefix + "weight_names", Value: list},
	}
	if inverse != nil {
		pairs = append(pairs, gguf.Pair{Key: hadamardPrefix + "inverse_weight_names", Value: inverse})
	}
	if tied {
		pairs = append(pairs, gguf.Pair{Key: hadamardPrefix + "tied_output", Value: true})
	}
	if h.grouped {
		pairs = append(pairs, gguf.Pair{Key: hadamardPrefix + "gdn_v_grouped", Value: true})
	}
	if explicit > 0 {
		var widths, values []int32
		for _, w := range slices.Sorted(maps.Keys(h.signs)) {
			widths = append(widths, int32(w))
			for _, v := range h.signs[w] {
				values = append(values, int32(v))
			}
		}
		pairs = append(pairs, gguf.Pair{Key: hadamardPrefix + "sign_widths", Value: widths}, gguf.Pair{Key: hadamardPrefix + "sign_values", Value: values})
	}
	return pairs, nil
}
