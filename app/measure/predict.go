package measure

import (
	"time"

	"tern/inference"
	"tern/model"
	"tern/model/ternary"
)

// Work is what a model does for each token. The headers of its files tell all of
// it.
type Work struct {
	Kind
	Packed int64 // bytes of ternary weights, and of float layers
	Scan   int64 // bytes of the codes of the head, 0 where there are none
	Head   int64 // bytes of the head
	// Form is that of the ternary matrices with a scale per group, by their bits.
	Form ternary.Form
	// HeadWeights is how many weights a packed head has, 0 for others, and HeadForm its form.
	HeadWeights int64
	HeadForm    ternary.Form
	Layers      int
	KV          int64 // bytes of one position in the key/value cache
	MACs        int64 // multiply-adds of the ternary weights
	Sharing     int   // query heads for each key/value head
	// AttentionHeads is how many heads of queries all layers have, AttentionMACs the
	// multiply-adds of a token for each position that it looks at.
	AttentionHeads int
	AttentionMACs  int64
}

// WorkOf is the work of a model with this configuration, this memory for its
// weights (checkpoint.Facts has the parts, as does [model.Model.MemoryParts]) and
// this head, with a binary16 cache.
func WorkOf(c *model.Config, parts []model.Part, head *model.Dense) Work {
	w := Work{
		Kind:           KindOf(c, head, false),
		Head:           headBytes(parts, head),
		Scan:           inference.ScanRead(head),
		Layers:         c.Layers,
		KV:             inference.KVBytesPerToken(c, inference.KVF16),
		MACs:           multiplyAdds(c),
		Sharing:        c.Heads / c.KVHeads,
		AttentionHeads: c.AttentionLayers() * c.Heads,
		AttentionMACs:  2 * int64(c.AttentionLayers()) * int64(c.Heads) * int64(c.HeadDim),
	}
	if w.PackedHead {
		w.HeadWeights = int64(head.Rows) * int64(head.Cols)
	}
	for _, p := range parts {
		if p.Name == model.PartPacked || p.Name == model.PartFloat {
			w.Packed += p.Bytes
		}
	}
	if w.Input == model.InputFloat {
		w.Form, w.HeadForm = formOf(w.Packed, w.MACs), formOf(w.Head, w.HeadWeights)
		// Groups of 128 take 17 bits for 8 weights, those of 64 take 18.
		w.Groups64 = !w.Recurrent && 8*8*w.Packed > 35*w.MACs/2
	}
	return w
}

// Bits that 8 weights take with their scale, in groups of 128.
const oneBitOf8, tritsOf8, twoBitsOf8 = 9, 14, 17

// formOf is the form of so many weights with a scale per group, the nearest one.
func formOf(bytes, weights int64) ternary.Form {
	switch bits := 2 * 8 * 8 * bytes; {
	case bits <= (oneBitOf8+tritsOf8)*weights:
		return ternary.OneBit
	case bits <= (tritsOf8+twoBitsOf8)*weights:
		return ternary.Trits
	}
	return ternary.TwoBits
}

// As is the work with another precision of activations and of the key/value cache.
func (w Work) As(c *model.Config, exact bool, kv inference.KVType) Work {
	w.Exact, w.Kind.KV = exact && w.Input == model.InputFloat, kv
	w.KV = inference.KVBytesPerToken(c, kv)
	return w
}

// headBytes is what reading the head takes. The forms that packed matrices have in memory
// take different numbers of bits, which the parts know.
func headBytes(parts []model.Part, head *model.Dense) (n int64) {
	if head.Type != model.Packed {
		return int64(head.Rows) * int64(head.Type.Bytes(head.Cols))
	}
	for _, p := range parts {
		if p.Name == model.PartEmbed || p.Name == model.PartHead { // the head comes last
			n = p.Bytes
		}
	}
	return n
}

// multiplyAdds is how many the projections of all layers take for a token.
func multiplyAdds(c *model.Config) (n int64) {
	m := model.Model{Config: *c}
	m.Allocate()
	for _, p := range m.Slots(&model.GGUFNames) {
		if p.Linear != nil {
			n += int64(p.Rows) * int64(p.Cols)
		}
	}
	return n
}

// cached is how many bytes of weights stay in the caches of most processors from token to token.
const cached = 8 << 20

// DecodeRate predicts how many tokens a second a model writes after depth
// tokens of text.
func (m Machine) DecodeRate(w Work, depth int) float64 {
	layer := m.Cold
	if w.Packed < cached {
		layer = m.Layer
	}
	s := (layer * time.Duration(w.Layers)).Seconds() + seconds(w.Packed, m.form(w.Form).Body)
	switch {
	case w.Scan > 0:
		s += seconds(w.Scan, m.Head)
	case w.HeadWeights > 0 && w.HeadForm != ternary.TwoBits:
		s += seconds(w.Head, m.form(w.HeadForm).Body)
	default:
		s += seconds(w.Head, m.Full)
	}
	kv := w.KV * int64(depth+1)
	s += seconds(kv, m.KV) + seconds(kv*int64(w.Sharing-1), m.Query)
	return 1 / s
}

// PrefillRate predicts how many tokens a second a model reads of a prompt of n
// tokens after depth tokens of text.
func (m Machine) PrefillRate(w Work, depth, n int) float64 {
	positions := float64(depth) + float64(n+1)/2 // that a token looks at, on average
	return 1 / (seconds(w.MACs, m.form(w.Form).MACs) + m.Attention.seconds(w.AttentionHeads, w.AttentionMACs, positions))
}

// form is how fast matrices of a form are. Where that was not measured, one of fewer bits takes
// as long as one of two.
func (m Machine) form(f ternary.Form) Products {
	two := Products{m.Body, m.MACs}
	switch {
	case f == ternary.Trits && m.Trits.Body > 0:
		return m.Trits
	case f == ternary.Trits:
		two.Body *= float64(tritsOf8) / twoBitsOf8
	case f == ternary.OneBit && m.OneBit.Body > 0:
		return m.OneBit
	case f == ternary.OneBit:
		two.Body *= float64(oneBitOf8) / twoBitsOf8
	}
	return two
}

func seconds(n int64, rate float64) float64 {
	if n == 0 || rate <= 0 {
		return 0
	}
	return float64(n) / rate
}
