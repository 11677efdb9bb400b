package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// Products of which VPDPBUSD does a half and lookups do the other (lookup_amd64.go of the
// package). A joint tile is a pair of bands, which four tokens look up, and 32 other rows, whose
// codes are unpacked, a byte each, and multiplied by eight tokens: as many products each,
// whose sums take 8 and 16 registers.
const (
	jointBands    = 2 // looked up
	jointSixteens = 2 // multiplied
	jointTokens   = 8 // and by how many tokens

	jointProduct   = 64 * jointSixteens // bytes of the codes of four columns
	jointCodeBytes = 2 * 32 * jointProduct
	jointSums      = 128*jointBands*lookupTokens + jointProduct*jointTokens
)

// jointCodesOf emits the transposition of blocks of 16 rows to registers of four columns of
// all of them.
func jointCodesOf() {
	function("jointCodesOf", "func(dst *byte, data *byte, groupBytes, tiles, blocks int)",
		"stores the codes of one or two blocks of 32 rows for each of tiles ≥ 1 joint tiles, [tiles][2][32][2][64]: those of four columns of 16 rows are together.")
	to, from, stride := param("dst"), param("data"), param("groupBytes")
	// Of rows that are in two registers, the lower and the upper half of the columns.
	var places [2][2]VecVirtual
	for stage := range places {
		for half := range 2 {
			words := make([]uint32, 16)
			for i := range words {
				rows := 4 << stage // of the result, those of a column together
				row, column := i%rows, i/rows+half*(16/rows)
				if stage == 0 { // from the columns of a row
					words[i] = uint32(row/2*16 + row%2*8 + column)
				} else {
					words[i] = uint32(row/4*16 + row%4 + column*4)
				}
			}
			places[stage][half] = tableOf(vector(fmt.Sprintf("jointPlace%d%d", stage, half), words...))
		}
	}
	low := ZMM()
	VPBROADCASTD(bits(0x03030303), low)
	tiles, sixteens := param("tiles"), GP64()
	Label("tile")
	MOVQ(U32(jointSixteens), sixteens)
	Label("sixteen")
	blocks, dst, block := param("blocks"), GP64(), GP64()
	MOVQ(to, dst)
	MOVQ(from, block)
	loop("block", blocks, func() {
		data := GP64()
		MOVQ(block, data)
		s := zmms(8)
		for i, r := range s {
			VMOVDQU64(at(data, 64*(i%2)), r)
			if i%2 == 1 {
				ADDQ(stride, data)
			}
		}
		// halves makes of registers with the same columns of other rows those of both.
		halves := func(far int, of func(x, y, lo VecVirtual)) {
			for i := range s {
				if i&far == 0 {
					lo := ZMM()
					of(s[i], s[i+far], lo)
					s[i], s[i+far] = lo, s[i]
				}
			}
		}
		for stage, far := range []int{1, 2} {
			halves(far, func(x, y, lo VecVirtual) {
				VMOVDQA64(x, lo)
				VPERMT2D(y, places[stage][0], lo)
				VPERMT2D(y, places[stage][1], x)
			})
		}
		halves(4, func(x, y, lo VecVirtual) {
			VSHUFI64X2(U8(0x44), y, x, lo)
			VSHUFI64X2(U8(0xee), y, x, x)
		})
		for j := range 8 {
			// Bit 0 of a register's number came first and has the largest part of a column's.
			x := s[j&1<<2|j&2|j>>2]
			for k := range 4 {
				c := ZMM()
				VPANDD(low, x, c)
				VMOVDQU64(c, at(dst, jointProduct*(8*k+j)))
				if k < 3 {
					VPSRLW(U8(2), x, x)
				}
			}
		}
		advance(jointCodeBytes/2, dst)
		advance(blockBytes, block)
	})
	advance(64, to)
	for range 4 {
		ADDQ(stride, from)
	}
	DECQ(sixteens)
	JNZ(LabelRef("sixteen"))
	advance(jointCodeBytes-64*jointSixteens, to)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// joint emits the joint tile. Lookups and products stand side by side in the same loop:
// VPDPBUSD has two of the four ports, VPERMW one more and VPADDW all.
type joint struct {
	indices, codes, tables, q Register
	looked                    [lookupTokens][jointBands]reg.VecPhysical
	sums                      [jointTokens][jointSixteens]reg.VecPhysical
	index, code               []reg.VecPhysical
	x, table                  reg.VecPhysical
}

func jointTile() {
	function("jointTile", "func(y, y8 *float32, muls, muls8 *float32, totals *int32, yStride int, acc *int32, tables *int16, indices *uint16, q8 *int8, codes *byte, tiles, blocks int, next *byte, groupBytes, each int, first bool)",
		"adds to acc, [tiles]([4][64], [8][32]), the products of one or two blocks, those of four tokens with tables and indices of a pair of bands and those of eight tokens, q8, [8][256], with codes of 32 rows, or stores them there if they are the first, or, unless y is nil, stores the sums times muls in rows of y and y8 that are yStride floats apart. totals are Σq of all columns. tiles ≥ 1. With each tile it fetches two blocks of each ≥ 1 row groups from next on.")
	m := new(joint)
	free := z512
	take := func(n int) (r []reg.VecPhysical) {
		r, free = free[:n], free[n:]
		return r
	}
	for t := range m.looked {
		copy(m.looked[t][:], take(jointBands))
	}
	for t := range m.sums {
		copy(m.sums[t][:], take(jointSixteens))
	}
	m.index, m.code = take(jointBands), take(jointSixteens)
	m.x, m.table = free[0], free[1]

	acc, soon, groupBytes, tiles := param("acc"), param("next"), param("groupBytes"), param("tiles")
	Label("tile")
	fetched := param("each")
	loop("fetch", fetched, func() {
		for i := range 4 { // into L2: L1 holds tables and indices
			PREFETCHT1(at(soon, 64*i))
		}
		ADDQ(groupBytes, soon)
	})
	m.tables, m.q, m.indices, m.codes = param("tables"), param("q8"), param("indices"), param("codes")
	a, blocks := GP64(), param("blocks")
	MOVQ(acc, a)
	for _, s := range z512[:lookupTokens*jointBands+jointTokens*jointSixteens] {
		VPXORD(s, s, s)
	}
	Label("block")
	m.turn([]bool{false, false, true}, 2)
	left := GP64()
	MOVQ(U32(10), left)
	loop("turn", left, func() {
		for i := range 2 {
			PREFETCHT0(at(a, 64*i)) // the sums come from L2
		}
		advance(128, a)
		m.turn([]bool{false, true, false, true}, 3)
	})
	DECQ(blocks)
	JNZ(LabelRef("block"))
	m.results(acc)
	Label("next")
	advanceParam("indices", lookupIndexBytes*jointBands)
	advanceParam("codes", jointCodeBytes)
	advance(jointSums, acc)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// turn emits lookups and products. Of lookups it says which are the second of a word.
func (m *joint) turn(second []bool, products int) {
	var lookups, multiply emission
	words := 0
	for s, second := range second {
		word := words
		if !second {
			words++
		}
		lookups.add(func() {
			for i, r := range m.index { // of the bits only the lower five count
				if second {
					VPSRLW(U8(8), r, r)
				} else {
					VMOVDQU64(at(m.indices, lookupIndexBytes*i+64*word), r)
				}
			}
		})
		for t, sums := range m.looked {
			lookups.add(func() {
				VMOVDQU64(at(m.tables, lookupTableBytes*t+64*s), m.table)
				for i, index := range m.index {
					x := m.x
					if i == len(m.index)-1 {
						x = m.table // used for the last time
					}
					VPERMW(m.table, index, x)
					VPADDW(x, sums[i], sums[i])
				}
			})
		}
	}
	for d := range products {
		multiply.add(func() {
			for i, r := range m.code {
				VMOVDQU64(at(m.codes, jointProduct*d+64*i), r)
			}
		})
		for t, sums := range m.sums {
			multiply.add(func() {
				VPBROADCASTD(at(m.q, 256*t+4*d), m.table)
				for i, code := range m.code {
					VPDPBUSD(m.table, code, sums[i])
				}
			})
		}
	}
	for i, f := range lookups {
		f()
		for j := i * len(multiply) / len(lookups); j < (i+1)*len(multiply)/len(lookups); j++ {
			multiply[j]()
		}
	}
	advance(64*words, m.indices)
	advance(64*len(second), m.tables)
	advance(jointProduct*products, m.codes)
	advance(4*products, m.q)
}

// results adds the sums of a tile to acc, or makes results of them.
func (m *joint) results(acc Register) {
	ones := m.index // for the even words and the odd ones
	VPBROADCASTD(bits(1), ones[0])
	VPBROADCASTD(bits(1<<16), ones[1])
	// looked calls f with the sums of a token, each with where it stands in a row and in acc.
	looked := func(t int, add bool, f func(v Register, row, acc int)) {
		for i, s := range m.looked[t] {
			for h, ones := range ones {
				v, row := m.code[h], 128*i+64*h
				to := 128*jointBands*t + row
				if add {
					VMOVDQU64(at(acc, to), v)
				} else {
					VPXORD(v, v, v)
				}
				VPDPWSSD(ones, s, v)
				f(v, row, to)
			}
		}
	}
	multiplied := func(t int, add bool, f func(v Register, row, acc int)) {
		for i, s := range m.sums[t] {
			row := 64 * i
			to := 128*jointBands*lookupTokens + jointProduct*t + row
			if add {
				VPADDD(at(acc, to), s, s)
			}
			f(s, row, to)
		}
	}
	y := param("y")
	TESTQ(y, y)
	JNZ(LabelRef("results"))
	store := func(add bool) {
		put := func(v Register, _, to int) { VMOVDQU64(v, at(acc, to)) }
		for t := range m.looked {
			looked(t, add, put)
		}
		for t := range m.sums {
			multiplied(t, add, put)
		}
		JMP(LabelRef("next"))
	}
	is := Load(Param("first"), GP8())
	TESTB(is, is)
	JNZ(LabelRef("first"))
	store(true)
	Label("first")
	store(false)
	Label("results")
	yStride, muls := param("yStride"), param("muls")
	put := func(v Register, to Mem) {
		VCVTDQ2PS(v, v)
		VMULPS(m.table, v, v)
		VMOVUPS(v, to)
	}
	to := param("y")
	for t := range m.looked {
		VBROADCASTSS(at(muls, 4*t), m.table)
		looked(t, true, func(v Register, row, _ int) { put(v, at(to, row)) })
		LEAQ(Mem{Base: to, Index: yStride, Scale: 4}, to)
	}
	muls, totals := param("muls8"), param("totals")
	to = param("y8")
	for t := range m.sums {
		VBROADCASTSS(at(muls, 4*t), m.table)
		VPBROADCASTD(at(totals, 4*t), m.x)
		multiplied(t, true, func(v Register, row, _ int) {
			VPSUBD(m.x, v, v) // codes are 1 more than weights
			put(v, at(to, row))
		})
		LEAQ(Mem{Base: to, Index: yStride, Scale: 4}, to)
	}
	advanceParam("y", 128*jointBands)
	advanceParam("y8", jointProduct)
}

// advanceParam adds n to a parameter where it is, for which there is no register.
func advanceParam(name string, n int) {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	ADDQ(U32(uint32(n)), p.Addr)
}
