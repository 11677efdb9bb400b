package checkpoint

import (
	"fmt"
	"math"
	"tern/model"
)

// scaleBy multiplies the multiplier of b, which is 1 or that of a scale tensor.
func (b *binding) scaleBy(m float32) error {
	b.Linear.Scale *= m
	if !(m > 0 && b.Linear.Scale > 0 && b.Linear.Scale <= math.MaxFloat32) {
		return fmt.Errorf("model: %v: the multiplier is %g: %w", b.weight, b.Linear.Scale, model.ErrDamaged)
	}
	return nil
}

// zeros packs a matrix of weights 0, whose multiplier does not matter.
func (l *loader) zeros(b *binding) error {
	return l.rows(b.Rows, b.Cols, func(r int, row []int8) error {
		b.Linear.PackRow(r, row)
		return nil
	})
}
