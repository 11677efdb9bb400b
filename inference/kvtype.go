package inference

import (
	"fmt"
	"strings"

	"tern/model"
)

// KVType is the precision of the key/value cache.
type KVType uint8

// The precisions of the key/value cache.
const (
	KVF16 KVType = iota // half precision, rounded to nearest even; the default
	KVF32               // single precision, for comparing with a reference
	KVQ8                // 8 bits with a scale for each head and position
)

var kvNames = [...]string{KVF16: "f16", KVF32: "f32", KVQ8: "q8"}

// KVTypes are all precisions of the key/value cache.
func KVTypes() []KVType { return []KVType{KVF16, KVQ8, KVF32} }

// String is the name that --kv takes.
func (t KVType) String() string { return kvNames[t] }

// KVTypeNamed finds a precision by its name, in letters of any case.
func KVTypeNamed(name string) (KVType, error) {
	for t, n := range kvNames {
		if strings.EqualFold(n, name) {
			return KVType(t), nil
		}
	}
	return 0, fmt.Errorf("inference: no key/value cache of type %q, want f16, q8 or f32", name)
}

// bytes is the memory of heads vectors of dim values.
func (t KVType) bytes(heads, dim int) int64 {
	n := int64(heads) * int64(dim)
	switch t {
	case KVQ8:
		return n + 4*int64(heads)
	case KVF32:
		return 4 * n
	}
	return 2 * n
}

// KVBytesPerToken is what one position takes in the KV cache of a model.
func KVBytesPerToken(c *model.Config, kv KVType) int64 {
	return kv.bytes(c.AttentionLayers()*2*c.KVHeads, c.HeadDim)
}
