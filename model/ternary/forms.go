package ternary

import (
	"encoding/binary"
	"fmt"

	"tern/model/internal/repack"
)

// Form is how a Grouped keeps its codes. Only groups of 128 have another form than
// TwoBits. All start from the eight words of TwoBits: field k of word p are the bits 2k
// and 2k+1 of its four bytes, four columns that the kernels multiply at once.
type Form uint8

// The forms.
const (
	// TwoBits holds any code.
	TwoBits Form = iota
	// Trits holds the codes 0, 1 and 2 in 1.625 bits: six lines of a word whose bytes are
	// d0 + 3·d1 + 9·d2 + 27·d3 + 81·d4, and half a line for the last two fields. Line
	// k < 4 is field k of the words 0 to 4; line 4 is field 0 of the words 5, 6 and 7 and
	// field 1 of the words 5 and 6, line 5 likewise fields 2 and 3. The two bytes of a row
	// in the half line hold field 1 of word 7 in bits 0 and 1 of four nibbles, and field 3
	// in bits 2 and 3.
	Trits
	// OneBit holds the codes 0 and 2: four lines of a word whose bits 2k are the upper bits
	// of the codes of field k of an even word, and 2k+1 those of the odd word after it.
	OneBit
)

// zero is the code in columns past the last, and of rows: products add nothing for either.
func (f Form) zero() uint8 {
	if f == OneBit {
		return 0
	}
	return 1
}

// direct are the forms that products are computed from; see Direct.
var direct = [...]bool{TwoBits: true, OneBit: false}

// SetDirect says that products can be computed from a form, at least as fast as from
// TwoBits. The kernels do so when the program starts.
func SetDirect(f Form) { direct[f] = true }

// Direct is the form f, or TwoBits where products would have to bring matrices of f into
// that form each time: in which form a loader stores a matrix.
func Direct(f Form) Form {
	if direct[f] {
		return f
	}
	return TwoBits
}

// groupBytes is what the codes of a group take, of all rows of a band.
func (m *Grouped) groupBytes() int {
	switch m.Form {
	case Trits:
		return repack.TritBytes
	case OneBit:
		return repack.OneBitBytes
	}
	return m.GroupCols / wordCols * lineBytes
}

// maxWords is how many words a row has in a group at most.
const maxWords = 128 / wordCols

// group returns the words of row r in group g as TwoBits has them.
func (m *Grouped) group(r, g int) (words [maxWords]uint32) {
	data := m.Data[r/BandRows*m.BandBytes()+g*m.groupBytes():][:m.groupBytes()]
	switch r %= BandRows; m.Form {
	case Trits:
		repack.FromTritsRow(&words, data, r)
	case OneBit:
		repack.FromOneBitRow(&words, data, r)
	default:
		for w := range m.GroupCols / wordCols {
			words[w] = binary.LittleEndian.Uint32(data[w*lineBytes+r*wordBytes:])
		}
	}
	return words
}

// setGroup stores what group returns. It panics where the form has no such code.
func (m *Grouped) setGroup(r, g int, words *[maxWords]uint32) {
	data := m.Data[r/BandRows*m.BandBytes()+g*m.groupBytes():][:m.groupBytes()]
	var odd, three uint32
	for _, x := range words {
		odd |= x & 0x55555555
		three |= x & (x >> 1) & 0x55555555
	}
	if m.Form == Trits && three != 0 || m.Form == OneBit && odd != 0 {
		panic(fmt.Sprintf("ternary: a code that form %d does not have", m.Form))
	}
	switch r %= BandRows; m.Form {
	case Trits:
		repack.TritsRow(data, words, r)
	case OneBit:
		repack.OneBitRow(data, words, r)
	default:
		for w := range m.GroupCols / wordCols {
			binary.LittleEndian.PutUint32(data[w*lineBytes+r*wordBytes:], words[w])
		}
	}
}

// packForm is PackBlocks within band b for forms other than TwoBits.
func (m *Grouped) packForm(b, first, n int, scales []uint16, blocks []byte) {
	room := repack.Room(m.Groups() * maxWords * lineBytes)
	defer repack.Done(room)
	codes := *room
	repack.Band(codes, scales, first, n, blocks, m.GroupCols)
	data := m.Data[b*m.BandBytes():][:m.BandBytes()]
	if n == BandRows {
		m.turn(data, codes)
		return
	}
	two := Grouped{Rows: BandRows, Cols: m.Cols, GroupCols: m.GroupCols, Data: codes}
	for r := first; r < first+n; r++ {
		for g := range m.Groups() {
			words := two.group(r, g)
			m.setGroup(b*BandRows+r, g, &words)
		}
	}
}

// turn stores in a band what it is as TwoBits, unless it is that already.
func (m *Grouped) turn(data, codes []byte) {
	switch m.Form {
	case Trits:
		repack.Trits(data, codes, m.Groups())
	case OneBit:
		repack.OneBit(data, codes, m.Groups())
	}
}

// Expand stores the codes of bands b0 to b1 (exclusive) in dst as TwoBits has them,
// 8·PaddedCols() bytes for each.
func (m *Grouped) Expand(dst []byte, b0, b1 int) {
	src, groups := m.Data[b0*m.BandBytes():b1*m.BandBytes()], (b1-b0)*m.Groups()
	switch m.Form {
	case Trits:
		repack.FromTrits(dst, src, groups)
	case OneBit:
		repack.FromOneBit(dst, src, groups)
	default:
		copy(dst, src)
	}
}

// As returns a copy of m in another form. It panics where the form has no such codes.
func (m *Grouped) As(f Form) Grouped {
	c := NewArena(GroupedSize(m.Rows, m.Cols, m.GroupCols, m.Wide != nil, f)).UnsetGrouped(m.Rows, m.Cols, m.GroupCols, m.Wide != nil, f)
	copy(c.Scales, m.Scales)
	copy(c.Wide, m.Wide)
	codes := make([]uint8, m.Cols)
	for r := range m.Rows {
		for g := range m.Groups() {
			words := m.group(r, g)
			for i := range min(m.GroupCols, m.Cols-g*m.GroupCols) {
				codes[g*m.GroupCols+i] = uint8(words[i/wordCols]>>(2*(i%wordCols))) & 3
			}
		}
		c.PackRow(r, codes)
	}
	return c
}
