package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"tern/model/ternary"
)

// tqBlock is the weights in a block of TQ1_0 and TQ2_0, two blocks of package
// ternary.
const tqBlock = 2 * ternary.BlockCols

// i2s reads codes of two bits, weight plus one, and the multiplier behind them.
func (l *loader) i2s(b *binding) error {
	buf := l.buf[:b.weight.Size()]
	if err := l.readInto(buf, b.weight, nil); err != nil {
		return err
	}
	codes := buf[:b.weight.elems()/4]
	m := math.Float32frombits(binary.LittleEndian.Uint32(buf[len(codes):]))
	if err := b.scaleBy(m); err != nil {
		return err
	}
	code3 := func(r int) error {
		return fmt.Errorf("model: %v: row %d has the code 3, which no weight has: %w", b.weight, r, ErrDamaged)
	}
	if l.layout == I2SX86 && b.cols%ternary.BlockCols == 0 {
		return l.eachRow(b.rows, func(r int) error {
			if !packI2S(&b.linear.Matrix, r, codes) {
				return code3(r)
			}
			return nil
		})
	}
	unpack, err := l.layout.unpacker(b)
	if err != nil {
		return err
	}
	return l.rows(b.rows, b.cols, func(r int, row []int8) error {
		if !unpack(row, codes, r) {
			return code3(r)
		}
		b.linear.PackRow(r, row)
		return nil
	})
}

// scaleBy multiplies the multiplier of b, which is 1 or that of a scale tensor.
func (b *binding) scaleBy(m float32) error {
	b.linear.Scale *= m
	if !(m > 0 && b.linear.Scale > 0 && b.linear.Scale <= math.MaxFloat32) {
		return fmt.Errorf("model: %v: the multiplier is %g: %w", b.weight, b.linear.Scale, ErrDamaged)
	}
	return nil
}

// packI2S stores row r, whose blocks of 128 columns hold the same columns in
// the same bytes as package ternary's, but the first in the highest bits. It
// turns the codes around where they are.
func packI2S(m *ternary.Matrix, r int, codes []byte) bool {
	row := codes[r*m.Cols/4:][:m.Cols/4]
	reverseCodes(row)
	return m.PackCodes(r, 0, row)
}

// reverseCodes turns the order of the four codes in every byte around.
func reverseCodes(row []byte) {
	const pairs, nibbles = 0x3333333333333333, 0x0f0f0f0f0f0f0f0f
	for i := 0; i+8 <= len(row); i += 8 {
		x := binary.LittleEndian.Uint64(row[i:])
		x = x>>2&pairs | x&pairs<<2
		x = x>>4&nibbles | x&nibbles<<4
		binary.LittleEndian.PutUint64(row[i:], x)
	}
}

// unpacker returns a function that stores row r of a layout and reports false
// for the code 3. Blocks may straddle rows.
func (y I2SLayout) unpacker(b *binding) (func(row []int8, codes []byte, r int) bool, error) {
	group := 128 // weights that lie in a quarter as many bytes
	switch y {
	case I2SARM:
		group = 64
	case I2SRows:
		if b.rows%4 != 0 {
			return nil, fmt.Errorf("model: %v: %d rows of I2_S are no whole groups of four: %w", b.weight, b.rows, ErrDamaged)
		}
		return func(row []int8, codes []byte, r int) bool {
			ok := true
			for c := range row {
				code := codes[r/4*len(row)+c] >> (6 - 2*(r%4)) & 3
				row[c], ok = int8(code)-1, ok && code < 3
			}
			return ok
		}, nil
	}
	if b.weight.elems()%int64(group) != 0 {
		return nil, fmt.Errorf("model: %v: %d weights of I2_S are no whole groups of %d: %w", b.weight, b.weight.elems(), group, ErrDamaged)
	}
	return func(row []int8, codes []byte, r int) bool {
		ok := true
		for c := range row {
			i := r*len(row) + c
			at := i / group * (group / 4)
			i %= group
			code := codes[at+i%(group/4)] >> (6 - 2*(i/(group/4))) & 3
			row[c], ok = int8(code)-1, ok && code < 3
		}
		return ok
	}, nil
}

// tq reads TQ1_0 or TQ2_0: blocks of 256 weights, each with a scale at its end.
// The scales are equal, but for 0 in blocks whose weights are all 0.
func (l *loader) tq(b *binding) error {
	buf := l.buf[:b.weight.Size()]
	if err := l.readInto(buf, b.weight, nil); err != nil {
		return err
	}
	size := len(buf) / int(b.weight.elems()/tqBlock)
	var m float32
	for at := size - 2; at < len(buf) && m == 0; at += size {
		m = halfAt(buf[at:])
	}
	if m == 0 {
		return l.zeros(b)
	}
	if err := b.scaleBy(m); err != nil {
		return err
	}
	// TQ2_0 needs no unpacking: each half of a block is laid out as package
	// ternary lays out 128 columns.
	unpack := func(src []byte) []byte { return src }
	if b.form == formTQ1 {
		unpack = unpackTQ1
	}
	zeros := bytes.Repeat([]byte{0x55}, tqBlock/4) // the code 1 throughout
	stride := len(buf) / b.rows
	return l.eachRow(b.rows, func(r int) error {
		src := buf[r*stride:][:stride]
		for i := 0; len(src) > 0; i, src = i+2, src[size:] {
			codes := zeros
			switch d := halfAt(src[size-2:]); d {
			case 0:
			case m:
				codes = unpack(src[:size-2])
			default:
				return fmt.Errorf("model: %v: blocks have the scales %g and %g, so it was made from weights that are not ternary: %w", b.weight, m, d, ErrUnsupported)
			}
			if !b.linear.PackCodes(r, i, codes) {
				return fmt.Errorf("model: %v: row %d has the code 3, which no weight has: %w", b.weight, r, ErrDamaged)
			}
		}
		return nil
	})
}

// unpackTQ1 takes the base-3 digits out of a block, into the layout of TQ2_0.
// A byte b is the fixed-point fraction b/256, whose digits appear in front of
// the point when it is multiplied by 3. 32 bytes hold digit n of weight 32n+m,
// 16 more bytes that of 160+16n+m, and 4 bytes that of 240+4n+m.
func unpackTQ1(src []byte) []byte {
	codes := make([]byte, tqBlock/4)
	digits := func(src []byte, first, count int) {
		for m, b := range src {
			for n := range count {
				v := uint16(b) * 3
				i := first + n*len(src) + m
				half, i := i/ternary.BlockCols, i%ternary.BlockCols
				codes[half*32+i%32] |= byte(v>>8) << (2 * (i / 32))
				b = byte(v)
			}
		}
	}
	digits(src[:32], 0, 5)
	digits(src[32:48], 160, 5)
	digits(src[48:52], 240, 4)
	return codes
}

// ternarised reads float weights that the converter ternarised: all are -m, 0
// or m. Taking their mean magnitude, as for training weights, would give the
// wrong multiplier. Weights of other magnitudes are training weights if the
// architecture is a ternary one.
func (l *loader) ternarised(b *binding) error {
	t := floatTypes[b.weight.kind]
	buf := l.buf[:b.weight.Size()]
	list := make([]magnitudes, (len(buf)+chunkBytes-1)/chunkBytes)
	err := l.readInto(buf, b.weight, func(i int, p []byte) error {
		if list[i] = t.magnitudes(p); !(list[i].sum <= math.MaxFloat64) {
			return notFinite(b.weight)
		}
		return nil
	})
	if err != nil {
		return err
	}
	all := magnitudes{least: math.MaxFloat32}
	for _, m := range list {
		all.sum += m.sum
		all.least, all.most = min(all.least, m.least), max(all.most, m.most)
	}
	var s, m float32
	switch {
	case all.most == 0:
		return l.zeros(b)
	case all.least == all.most && all.most >= minScale:
		s, m = 1/all.most, all.most
	case b.latent:
		s, m = absMean(all.sum / float64(b.weight.elems()))
	default:
		return fmt.Errorf("model: %v is %s with magnitudes from %g to %g: an ordinary float model, not a ternary one: %w",
			b.weight, b.weight.kind, all.least, all.most, ErrUnsupported)
	}
	if err := b.scaleBy(m); err != nil {
		return err
	}
	return l.ternarizeRows(b, t, buf, s)
}

// zeros packs a matrix of weights 0, whose multiplier does not matter.
func (l *loader) zeros(b *binding) error {
	return l.rows(b.rows, b.cols, func(r int, row []int8) error {
		b.linear.PackRow(r, row)
		return nil
	})
}

// minScale is the least multiplier whose inverse is finite, with room to spare.
const minScale = 1e-30

// magnitudes sums up |w| of some weights.
type magnitudes struct {
	sum         float64
	least, most float32 // least of those that are not 0, math.MaxFloat32 without any
}

// magnitudes looks at the numbers in src. The sum is infinite or NaN where one
// of them is.
func (t DType) magnitudes(src []byte) magnitudes {
	m := magnitudes{sum: sumAbs(t, src), least: math.MaxFloat32}
	var buf [block]float32
	for size := t.Size(); len(src) > 0; {
		w := buf[:min(block, len(src)/size)]
		t.decode(w, src)
		src = src[len(w)*size:]
		for _, v := range w {
			v = math.Float32frombits(math.Float32bits(v) &^ (1 << 31))
			m.most = max(m.most, v)
			if v != 0 && v < m.least {
				m.least = v
			}
		}
	}
	return m
}
