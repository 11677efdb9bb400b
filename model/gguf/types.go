package gguf

import (
	"fmt"
	"io"
	"maps"
	"math/bits"
	"slices"
)

// Type is how the numbers of a tensor are stored: an id of ggml, or one of the
// types further down whose id means something else in another program.
type Type uint32

// The types that Tern reads or writes.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q8_0 Type = 8
	Q4K  Type = 12 // Q4_K
	Q6K  Type = 14 // Q6_K
	BF16 Type = 30
	TQ1  Type = 34 // TQ1_0
	TQ2  Type = 35 // TQ2_0
	I2S  Type = 36 // I2_S of bitnet.cpp

	Q1   Type = 41  // Q1_0: 128 signs and a scale
	Q2   Type = 42  // Q2_0 of llama.cpp: 64 codes and a scale
	PQ2  Type = 142 // PQ2_0 of PrismML: 128 codes and a scale
	PTQ1 Type = 143 // PTQ1_0 of PrismML: 128 base-3 digits and a scale

	// Types of Tern's own, as package ternary keeps matrices in memory; other programs refuse
	// ids so high. The codes of the whole matrix come first, then the scales of groups.
	OwnMatrix    Type = 0x7e0001 // 128 codes, in groups of four rows
	OwnGroups64  Type = 0x7e0002 // 64 codes and a scale, in bands of 32 rows
	OwnGroups128 Type = 0x7e0003 // 128 codes and a scale, likewise

	// Q2Legacy is Q2_0 as PrismML wrote it first, under the id of Q2_0 but with the
	// blocks of PQ2_0.
	Q2Legacy = second | Q2
)

// The second meanings of ids that two programs use. Read tells them apart by
// the room that the file gives the tensor, and refuses an I2_S that does not
// fill its own.
const (
	second Type = 1 << 31
	third  Type = 1 << 30

	iq4NL44 = second | 36 // a layout of IQ4_NL that llama.cpp gave up, where not I2_S
	tl2     = second | 39 // TL2 of bitnet.cpp's first fork, where not MXFP4

	stq1  = third | 42          // STQ1_0 of AngelSlim
	tl2In = second | third | 42 // what is left: TL2 of bitnet.cpp's second fork, or another
)

// i2sTail follows the codes of an I2_S tensor; it begins with the multiplier.
const i2sTail = 32

// typeInfo describes a type whose rows are whole blocks.
type typeInfo struct {
	name  string
	elems int // values in a block
	bytes int // of a block, 0 where the room of a tensor is not known
	rows  int // that a tensor has multiples of, and whole blocks in a row, padded if need be; 0 for those that are not
}

// types are those of ggml.h at 2026, those that it dropped, and those of the
// forks bitnet.cpp and ik_llama.cpp.
var types = map[Type]typeInfo{
	F32: {"F32", 1, 4, 0}, F16: {"F16", 1, 2, 0}, BF16: {"BF16", 1, 2, 0}, 28: {"F64", 1, 8, 0},
	24: {"I8", 1, 1, 0}, 25: {"I16", 1, 2, 0}, 26: {"I32", 1, 4, 0}, 27: {"I64", 1, 8, 0},
	Q4_0: {"Q4_0", 32, 18, 0}, 3: {"Q4_1", 32, 20, 0}, 6: {"Q5_0", 32, 22, 0}, 7: {"Q5_1", 32, 24, 0},
	Q8_0: {"Q8_0", 32, 34, 0}, 9: {"Q8_1", 32, 36, 0},
	10: {"Q2_K", 256, 84, 0}, 11: {"Q3_K", 256, 110, 0}, Q4K: {"Q4_K", 256, 144, 0}, 13: {"Q5_K", 256, 176, 0},
	Q6K: {"Q6_K", 256, 210, 0}, 15: {"Q8_K", 256, 292, 0},
	16: {"IQ2_XXS", 256, 66, 0}, 17: {"IQ2_XS", 256, 74, 0}, 18: {"IQ3_XXS", 256, 98, 0}, 19: {"IQ1_S", 256, 50, 0},
	20: {"IQ4_NL", 32, 18, 0}, 21: {"IQ3_S", 256, 110, 0}, 22: {"IQ2_S", 256, 82, 0}, 23: {"IQ4_XS", 256, 136, 0},
	29: {"IQ1_M", 256, 56, 0}, TQ1: {"TQ1_0", 256, 54, 0}, TQ2: {"TQ2_0", 256, 66, 0},
	39: {"MXFP4", 32, 17, 0}, 40: {"NVFP4", 64, 36, 0},

	4: {name: "Q4_2"}, 5: {name: "Q4_3"},
	31: {name: "Q4_0_4_4"}, 32: {name: "Q4_0_4_8"}, 33: {name: "Q4_0_8_8"},
	I2S: {name: "I2_S"}, 37: {name: "I8_S"}, 38: {name: "TL1"}, Q1: {"Q1_0", 128, 18, 0}, Q2: {"Q2_0", 64, 18, 0},
	Q2Legacy: {"Q2_0 (groups of 128)", 128, 34, 0}, stq1: {"STQ1_0", 256, 42, 0}, tl2In: {name: "TL2"}, 43: {name: "STQ1_0"},
	PQ2: {"PQ2_0", 128, 34, 0}, PTQ1: {"PTQ1_0", 128, 28, 0},
	iq4NL44: {"IQ4_NL_4_4", 32, 18, 0}, tl2: {name: "TL2"},
	OwnMatrix: {"TERN_M", 128, 32, 4}, OwnGroups64: {"TERN_G64", 64, 18, 32}, OwnGroups128: {"TERN_G128", 128, 34, 32},
	134: {name: "IQ1_BN"}, 135: {name: "IQ2_BN"}, 136: {name: "Q8_K64"}, 335: {name: "IQ2_BN_R4"},
}

// String is the name that ggml uses.
func (t Type) String() string {
	if info, ok := types[t]; ok {
		return info.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Named finds a type of ggml by its name.
func Named(name string) (t Type, ok bool) {
	for t, info := range types {
		if info.name == name && t < third {
			return t, true
		}
	}
	return 0, false
}

// bytes is what n values in rows of cols take. It is 0 where that is not
// known; ok is false where rows are not whole blocks.
func (t Type) bytes(n, cols int64) (size int64, ok bool) {
	if t == I2S {
		return n/4 + i2sTail, n%4 == 0
	}
	info := types[t]
	if info.bytes == 0 {
		return 0, true
	}
	if info.rows > 0 {
		return padded(n/cols, int64(info.rows)) * ((cols + int64(info.elems) - 1) / int64(info.elems)) * int64(info.bytes), true
	}
	return n / int64(info.elems) * int64(info.bytes), cols%int64(info.elems) == 0
}

// resolve decides between the two meanings of t for n values, given the room
// up to the next tensor.
func (t Type) resolve(n, room, align int64) Type {
	switch {
	case t == I2S && !fills(n/4+i2sTail, room, align) && fills(n/32*18, room, align):
		return iq4NL44
	case t == 39 && !fills(n/32*17, room, align):
		return tl2
	}
	return t
}

// resolve42 finds which of the layouts under the id 42 a file has, from the room of
// all its tensors of that id: no key says it, a small tensor can fit several, and
// the last may be cut. list is sorted by position; ends are where rooms end. It
// returns the layouts of Q2_0 that fit all of them, the one it chose first.
func resolve42(list []info, ends []int64, align int64) (q2 []Type, err error) {
	layouts := []Type{Q2, Q2Legacy, stq1}
	fits := func(t *info, end int64) (mask int) {
		for i, l := range layouts {
			if size, _ := l.bytes(t.elems, t.cols); fills(size, end-t.offset, align) {
				mask |= 1 << i
			}
		}
		return mask
	}
	all, seen := 1<<len(layouts)-1, 0
	first := map[int]string{} // the first tensor of each layout, for the error
	for i := range list {
		t := &list[i]
		if t.kind != Q2 {
			continue
		}
		mask := fits(t, ends[i])
		if mask == 0 && i == len(list)-1 && seen > 0 {
			continue // what is cut is said by its size
		}
		seen++
		all &= mask
		if _, ok := first[mask]; !ok {
			first[mask] = t.name
		}
	}
	if seen == 0 {
		return nil, nil
	}
	found := tl2In
	switch i := bits.TrailingZeros(uint(all)); {
	case all != 0:
		found = layouts[i]
	case len(first) > 1 && first[0] == "":
		return nil, bad("tensors of type 42 contradict each other: %q and %q fit no common layout of Q2_0 (groups of 64 or of 128)", firstOf(first, 0), firstOf(first, 1))
	}
	for i := range list {
		if list[i].kind == Q2 {
			list[i].kind = found
		}
	}
	for i, l := range layouts[:2] {
		whole := !slices.ContainsFunc(list, func(t info) bool { return t.kind == found && t.cols%int64(types[l].elems) != 0 })
		if all&(1<<i) != 0 && whole {
			q2 = append(q2, l)
		}
	}
	return q2, nil
}

// TakeQ2 gives all tensors of Q2_0 another layout, which must be one of Q2Layouts.
func (f *File) TakeQ2(layout Type) {
	for _, t := range f.Tensors {
		if t.Type != Q2 && t.Type != Q2Legacy {
			continue
		}
		n, cols := int64(1), int64(1)
		for _, d := range t.Shape {
			n, cols = n*int64(d), int64(d)
		}
		if size, ok := layout.bytes(n, cols); ok {
			r, off, _ := t.Outer()
			t.Type, t.SectionReader = layout, io.NewSectionReader(r, off, size)
		}
	}
}

// firstOf is value n of m in the order of its keys.
func firstOf(m map[int]string, n int) string { return m[slices.Sorted(maps.Keys(m))[n]] }

// fills reports whether a tensor of size bytes leaves no room but the padding,
// which the last tensor may lack.
func fills(size, room, align int64) bool { return room == size || room == padded(size, align) }

// padded rounds n up to a multiple of align.
func padded(n, align int64) int64 { return (n + align - 1) / align * align }
