//go:build !purego

package kernel

import (
	"github.com/klauspost/cpuid/v2"

	"tern/model/ternary"
)

// useVBMI selects the product with base-3 digits, beside useAVX512.
var useVBMI = cpuid.CPU.Supports(cpuid.AVX512VBMI)

// directForms says which forms products are computed from directly on the path in use.
func directForms() (forms []ternary.Form) {
	if useAsm {
		forms = append(forms, ternary.OneBit)
	}
	if useAVX512 && useVBMI {
		forms = append(forms, ternary.Trits)
	}
	return forms
}

// formVec multiplies one row of two planes, false where there is no assembly for the form.
func formVec(y []float32, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) bool {
	vec := oneBitVecAVX2
	switch bits := m.Form == ternary.OneBit; {
	case !useAsm:
		return false
	case bits && useAVX512:
		vec = oneBitVecAVX512
	case bits && useVNNI:
		vec = oneBitVecVNNI
	case bits:
	case useAVX512 && useVBMI:
		vec = tritsVecVBMI
	default:
		return false
	}
	bands := func(y *float32, b, n int) {
		p := groupedAt(m, b, 0)
		vec(y, p.data, p.scales, p.wide, &x.q[0], bytesOf(&x.scales[0]), x.outlierBytes(), n, m.Groups())
	}
	full := m.Rows / bandRows
	if b0 < full {
		bands(&y[b0*bandRows], b0, min(b1, full)-b0)
	}
	if b0 <= full && full < b1 { // the last band, of fewer rows
		scratch.y = grow(scratch.y, bandRows)
		bands(&scratch.y[0], full, 1)
		copy(y[full*bandRows:m.Rows], scratch.y)
	}
	return true
}
