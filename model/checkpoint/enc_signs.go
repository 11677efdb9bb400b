package checkpoint

import (
	"fmt"
	"tern/model"
)

// signed is a matrix of floats -1, 0 and 1 beside a weight_scale.
var signed = Encoding{Name: "signs", Ternary: true, load: (*loader).signs}

// signs reads float weights that are ternary already.
func (l *loader) signs(b *binding) error {
	t := b.floatType()
	buf, err := l.whole(b)
	if err != nil {
		return err
	}
	stride := b.Cols * t.Size()
	return l.rows(b.Rows, b.Cols, func(r int, row []int8) error {
		if bad, ok := signs(row, t, buf[r*stride:]); !ok {
			return fmt.Errorf("model: %v has a weight_scale and a weight %g, want -1, 0 or 1: %w", b.weight, bad, model.ErrDamaged)
		}
		b.Linear.PackRow(r, row)
		return nil
	})
}

// signs stores the len(dst) numbers at the start of src, which must be -1, 0
// or 1; it returns the first that is not.
func signs(dst []int8, t model.DType, src []byte) (bad float32, ok bool) {
	var buf [block]float32
	for len(dst) > 0 {
		w := buf[:min(block, len(dst))]
		t.Decode(w, src)
		for i, v := range w {
			switch v {
			case -1, 0, 1:
				dst[i] = int8(v)
			default:
				return v, false
			}
		}
		dst, src = dst[len(w):], src[len(w)*t.Size():]
	}
	return 0, true
}
