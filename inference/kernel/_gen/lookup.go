package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// Products by lookup (lookup_amd64.go of the package): 27 sums of three activations and
// the codes 0, 1, 2 fill a table of 32 words, one register, and VPERMW looks up those of
// 32 rows, 96 products in one instruction where VPDPBUSD has 64.
const (
	lookupSteps = 43 // lookups of a block of 128 columns: 42 of three, one of two
	lookupWords = 22 // of two indices

	// Of two blocks: tables of a token, and indices of a band.
	lookupTableBytes = 2 * 64 * lookupSteps
	lookupIndexBytes = 2 * 64 * lookupWords

	lookupBands, lookupTokens = 3, 4 // of a tile: four bands fill a joint one
)

var z512 = []reg.VecPhysical{
	Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
	Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31,
}

// lookupOrder is the order in which the two-byte words of a block of a row are at hand:
// word w holds columns 2w and 2w+1 and those 32, 64 and 96 further on.
func lookupOrder() (order []int) {
	for w := range 8 {
		order = append(order, w, w+8)
	}
	return order
}

// lookupColumns are the columns of each step, -1 for none. The first three fields of a
// byte are a step; the last of three words make two, and the word that is left one, which is
// the first.
func lookupColumns() (steps [][3]int) {
	order := lookupOrder()
	last := 96 + 2*order[len(order)-1]
	steps = append(steps, [3]int{last, last + 1, -1})
	for i, w := range order {
		for b := range 2 {
			steps = append(steps, [3]int{2*w + b, 2*w + b + 32, 2*w + b + 64})
		}
		if i%3 == 2 {
			for b := range 2 {
				steps = append(steps, [3]int{96 + 2*order[i-2] + b, 96 + 2*order[i-1] + b, 96 + 2*w + b})
			}
		}
	}
	return steps
}

// bytesTable puts a table of bytes in read-only data.
func bytesTable(name string, n int, value func(i int) int) Mem {
	words := make([]uint32, n/4)
	for i := range n {
		words[i/4] |= uint32(uint8(value(i))) << (i % 4 * 8)
	}
	return vector(name, words...)
}

// wordsTable puts a table of 32 words in read-only data.
func wordsTable(name string, value func(i int) int) Mem {
	return bytesTable(name, 64, func(i int) int { return value(i/2) >> (i % 2 * 8) })
}

func tableOf(m Mem) VecVirtual {
	z := ZMM()
	VMOVDQU64(m, z)
	return z
}

// lookupIndices emits the transposition of blocks of 32 rows to the indices of their
// lookups. Word 2i of a register is row i, word 2i+1 row 16+i; the bytes of a word are the
// indices of two steps.
func lookupIndices() {
	function("lookupIndices", "func(dst *uint16, data *byte, groupBytes, bands, blocks int)",
		"stores the indices of one or two blocks of bands ≥ 1 bands of 32 rows, [bands][2][22][32].")
	to, from, stride, bands := param("dst"), param("data"), param("groupBytes"), param("bands")
	// Registers have names: the allocator finds none that do.
	free := slices.Clone(z512[:27])
	take := func() reg.VecPhysical {
		r := free[len(free)-1]
		free = free[:len(free)-1]
		return r
	}
	give := func(r reg.VecPhysical) { free = append(free, r) }
	code, first, second, field1, field2 := Z27, Z28, Z29, Z30, Z31
	VMOVDQU64(bytesTable("lookupCode", 64, func(i int) int { return i&3 + 3*(i>>2&3) + 9*(i>>4) }), code)
	for i, r := range []reg.VecPhysical{first, second} {
		VMOVDQU64(wordsTable(fmt.Sprintf("lookupPlace%d", i), func(j int) int { return j%2*32 + j/2%2*16 + j/4 + 8*i }), r)
	}
	for i, r := range []reg.VecPhysical{field1, field2} {
		VPBROADCASTD(bits(0x0c0c0c0c<<(2*i)), r)
	}
	Label("band")
	blocks, dst, block := param("blocks"), GP64(), GP64()
	MOVQ(to, dst)
	MOVQ(from, block)
	loop("block", blocks, func() {
		data := GP64()
		MOVQ(block, data)
		// pairs interleaves registers that are far apart.
		pairs := func(s []reg.VecPhysical, far int, lo, hi func(...Op)) {
			for i := range s {
				if i&far != 0 {
					continue
				}
				t := take()
				lo(s[i+far], s[i], t)
				hi(s[i+far], s[i], s[i])
				give(s[i+far])
				s[i], s[i+far] = t, s[i]
			}
		}
		half := func() (s []reg.VecPhysical) { // the words of 16 rows
			for range 4 {
				for h := range 2 {
					s = append(s, take())
					VMOVDQU64(at(data, 64*h), s[len(s)-1])
				}
				ADDQ(stride, data)
			}
			pairs(s, 1, VPUNPCKLWD, VPUNPCKHWD)
			pairs(s, 2, VPUNPCKLDQ, VPUNPCKHDQ)
			pairs(s, 4, VPUNPCKLQDQ, VPUNPCKHQDQ)
			return s
		}
		lower := half()
		upper := half()
		n := 1
		put := func(v Register) {
			VMOVDQU64(v, at(dst, 64*(n%lookupWords)))
			n++
		}
		both := func(v reg.VecPhysical) { // the indices that bytes are
			t := take()
			VPERMB(code, v, t)
			put(t)
			give(t)
		}
		var fields []reg.VecPhysical
		word := func(w reg.VecPhysical) {
			both(w)
			VPSRLW(U8(uint8(6-2*len(fields))), w, w)
			if fields = append(fields, w); len(fields) < 3 {
				return
			}
			x := fields[0]
			VPTERNLOGD(U8(0xb8), fields[1], field1, x) // its own bits where the mask has none
			VPTERNLOGD(U8(0xb8), fields[2], field2, x)
			both(x)
			for _, f := range fields {
				give(f)
			}
			fields = nil
		}
		for w := range 8 {
			// Word w of lo and hi, stage by stage, stands where its bits are reversed.
			i := w&1<<2 | w&2 | w>>2
			t := take()
			VMOVDQA64(lower[i], t)
			VPERMT2W(upper[i], first, t)
			VPERMT2W(upper[i], second, lower[i])
			give(upper[i])
			word(t)
			if w < 7 {
				word(lower[i])
			}
		}
		// The last fields of the last word are alone.
		last, high := lower[7], take()
		both(last)
		VPSRLW(U8(12), last, high)
		VPSRLW(U8(6), last, last)
		VPANDD_BCST(bits(0x03030303), last, last)
		VPANDD(field1, high, high)
		VPORD(high, last, last)
		VPORD_BCST(bits(0x10101010), last, last) // a third weight of 0
		both(last)
		if n != 1+lookupWords {
			panic(n)
		}
		free = slices.Clone(z512[:27])
		advance(64*lookupWords, dst)
		advance(blockBytes, block)
	})
	advance(lookupIndexBytes, to)
	for range 8 {
		ADDQ(stride, from)
	}
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// lookupTables emits the making of tables: VPDPBUSD adds up sixteen of them at once.
func lookupTables() {
	function("lookupTables", "func(dst *int16, q *int8, stride, blocks, tokens int) (least uint64)",
		"stores the tables of one or two blocks of tokens ≥ 1 rows of q that are stride bytes apart, [tokens][2][43][32], fetches those four rows on, and returns 0 unless one of them is -128.")
	steps := lookupColumns()
	var order []VecVirtual
	for i := range 3 {
		order = append(order, tableOf(bytesTable(fmt.Sprintf("lookupOrder%d", i), 64, func(j int) int {
			if s := 16*i + j/4; s < len(steps) && j%4 < 3 {
				return max(steps[s][j%4], 0)
			}
			return 0
		})))
	}
	var weights, minus []VecVirtual // of the entries, and 128 times their sums
	for i := range 2 {
		weight := func(j, digit int) int {
			entry := j/4*8 + i*4 + j%4 // packing takes four of one, four of the other
			if entry >= 27 || digit == 3 {
				return 0
			}
			return []int{entry % 3, entry / 3 % 3, entry / 9}[digit] - 1
		}
		weights = append(weights, tableOf(bytesTable(fmt.Sprintf("lookupWeights%d", i), 64, func(j int) int { return weight(j/4, j%4) })))
		sums := make([]uint32, 16)
		for j := range sums {
			sums[j] = uint32(-128 * (weight(j, 0) + weight(j, 1) + weight(j, 2)))
		}
		minus = append(minus, tableOf(vector(fmt.Sprintf("lookupMinus%d", i), sums...)))
	}
	dst, q, stride, tokens := param("dst"), param("q"), param("stride"), param("tokens")
	far := GP64()
	LEAQ(Mem{Base: q, Index: stride, Scale: lookupTokens}, far)
	room, sign, any := AllocLocal(3*64), pattern(0x80), GP64()
	XORQ(any, any)
	loop("token", tokens, func() {
		p, to, blocks := GP64(), GP64(), param("blocks")
		MOVQ(q, p)
		MOVQ(dst, to)
		for i := range 4 {
			PREFETCHT0(at(far, 64*i))
		}
		ADDQ(stride, far)
		loop("block", blocks, func() {
			half := zmms(2)
			for i, h := range half {
				// VPDPBUSD takes what is unsigned and what is signed.
				k, is := K(), GP64()
				VPXORD(at(p, 64*i), sign, h)
				VPTESTNMB(h, h, k)
				KMOVQ(k, is)
				ORQ(is, any)
			}
			for i, o := range order {
				t := ZMM()
				VMOVDQA64(o, t)
				VPERMI2B(half[1], half[0], t)
				VMOVDQU64(t, room.Offset(64*i))
			}
			for s := range steps {
				a, sums := ZMM(), zmms(2)
				VPBROADCASTD(room.Offset(4*s), a)
				for i, v := range sums {
					VMOVDQA64(minus[i], v)
					VPDPBUSD(weights[i], a, v)
				}
				VPACKSSDW(sums[1], sums[0], sums[0])
				VMOVDQU64(sums[0], at(to, 64*s))
			}
			advance(64*lookupSteps, to)
			advance(128, p)
		})
		advance(lookupTableBytes, dst)
		ADDQ(stride, q)
	})
	VZEROUPPER()
	Store(any, ReturnIndex(0))
	RET()
}

// lookupTile emits the lookups. Sums are of 256 products at most: 16 bits hold them, as
// no activation is -128. Tables of four tokens stay in L1 while all bands pass.
func lookupTile() {
	function("lookupTile", "func(y *float32, muls *float32, yStride int, acc *int32, tables *int16, indices *uint16, bands, blocks, tokens int, next *byte, groupBytes, each int, first bool)",
		"adds to acc, [tokens][bands][32], the products of one or two blocks, or stores them there if they are the first, or, unless y is nil, stores the sums times muls in rows of y that are yStride floats apart. 1 ≤ bands ≤ 3, 1 ≤ tokens ≤ 4. It fetches two blocks of each ≥ 1 row groups from next on.")
	y, acc, soon := param("y"), param("acc"), param("next")
	yStride, groupBytes := param("yStride"), param("groupBytes")
	bands, tokens := param("bands"), param("tokens")
	SHLQ(U8(2), yStride)
	for b := lookupBands; b >= 1; b-- {
		Label(fmt.Sprintf("bands%d", b))
		if b > 1 {
			CMPQ(bands, U8(b))
			JNE(LabelRef(fmt.Sprintf("bands%d", b-1)))
		}
		for n := lookupTokens; n >= 1; n-- {
			label := func(s string) string { return fmt.Sprintf("%s%dx%d", s, b, n) }
			Label(label("tokens"))
			if n > 1 {
				CMPQ(tokens, U8(n))
				JNE(LabelRef(fmt.Sprintf("tokens%dx%d", b, n-1)))
			}
			index, table, x := z512[24:][:b], Z30, Z31
			sums := make([][]reg.VecPhysical, n)
			for t := range sums {
				sums[t] = z512[b*t:][:b]
			}
			fetched := param("each")
			loop(label("fetch"), fetched, func() {
				for i := range 4 { // into L2: L1 holds tables and indices
					PREFETCHT1(at(soon, 64*i))
				}
				ADDQ(groupBytes, soon)
			})
			p, r, a, blocks := param("indices"), param("tables"), GP64(), param("blocks")
			MOVQ(acc, a)
			step := func(second int, first bool) {
				for i := range index {
					VMOVDQU64(at(p, lookupIndexBytes*i+second), index[i]) // of the bits only the lower five count
				}
				for t := range sums {
					VMOVDQU64(at(r, lookupTableBytes*t+64*second), table)
					for i := range index {
						if first {
							VPERMW(table, index[i], sums[t][i])
							continue
						}
						VPERMW(table, index[i], x)
						VPADDW(x, sums[t][i], sums[t][i])
					}
				}
			}
			step(0, true)
			JMP(LabelRef(label("steps")))
			Label(label("block"))
			step(0, false)
			Label(label("steps"))
			advance(64, p, r)
			left := GP64()
			MOVQ(U32(lookupSteps/2), left)
			loop(label("step"), left, func() {
				PREFETCHT0(at(a, 0)) // the sums come from L2
				advance(64, a)
				step(0, false)
				step(1, false)
				advance(64, p)
				advance(128, r)
			})
			DECQ(blocks)
			JNZ(LabelRef(label("block")))
			// total calls f with the sums of a token, each with where it stands in a row:
			// the even words and the odd ones, each times 1.
			even, odd := Z24, Z25
			VPBROADCASTD(bits(1), even)
			VPBROADCASTD(bits(1<<16), odd)
			total := func(t int, add bool, f func(v Register, at int)) {
				for i, s := range sums[t] {
					for h, ones := range []reg.VecPhysical{even, odd} {
						v := z512[26+h]
						if add {
							VMOVDQU64(at(acc, 128*(b*t+i)+64*h), v)
						} else {
							VPXORD(v, v, v)
						}
						VPDPWSSD(ones, s, v)
						f(v, 128*i+64*h)
					}
				}
			}
			TESTQ(y, y)
			JNZ(LabelRef(label("results")))
			store := func(add bool) {
				for t := range sums {
					total(t, add, func(v Register, to int) { VMOVDQU64(v, at(acc, 128*b*t+to)) })
				}
				VZEROUPPER()
				RET()
			}
			is := Load(Param("first"), GP8())
			TESTB(is, is)
			JNZ(LabelRef(label("first")))
			store(true)
			Label(label("first"))
			store(false)
			Label(label("results"))
			muls, to := param("muls"), GP64()
			MOVQ(y, to)
			for t := range sums {
				mul := Z30
				VBROADCASTSS(at(muls, 4*t), mul)
				total(t, true, func(v Register, offset int) {
					VCVTDQ2PS(v, v)
					VMULPS(mul, v, v)
					VMOVUPS(v, at(to, offset))
				})
				if t < n-1 {
					ADDQ(yStride, to)
				}
			}
			VZEROUPPER()
			RET()
		}
	}
}
