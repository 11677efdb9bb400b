package repack

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// both runs f with the Go code and, where there is any, with the assembly: they must
// give the same.
func both(t *testing.T, name string, f func() any, equal func(a, b any) bool) {
	t.Helper()
	switchTo(false)
	want := f()
	if switchTo(true); !equal(f(), want) {
		t.Errorf("%s: the assembly differs from the Go code", name)
	}
}

type result struct {
	data   []byte
	scales []uint16
	ok     bool
}

func same(a, b any) bool {
	x, y := a.(result), b.(result)
	return bytes.Equal(x.data, y.data) && slices.Equal(x.scales, y.scales) && x.ok == y.ok
}

// TestEqual compares the assembly with the Go code on random bytes, every byte among
// them; results have room behind, which must stay as it is.
func TestEqual(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	room := func(n int) []byte { return bytes.Repeat([]byte{0xa5}, n+64) }
	for blocks := range 40 {
		for name, e := range map[string]struct {
			from, to int
			expand   func(dst, src []byte) bool
		}{
			"TQ1":  {TQ1Bytes, TQ2Bytes, func(dst, src []byte) bool { TQ1(dst, src); return true }},
			"TQ2":  {TQ2Bytes, 2 * PQ2Bytes, TQ2},
			"PTQ1": {PTQ1Bytes, PQ2Bytes, func(dst, src []byte) bool { PTQ1(dst, src); return true }},
			"Q1":   {Q1Bytes, PQ2Bytes, func(dst, src []byte) bool { Q1(dst, src); return true }},
		} {
			src := random(blocks * e.from)
			if name == "TQ2" && blocks%3 > 0 {
				noThrees(src)
			}
			both(t, name, func() any {
				dst := room(blocks * e.to)
				ok := e.expand(dst, src)
				return result{data: dst, ok: ok}
			}, same)
		}
		for _, reverse := range []bool{false, true} {
			for _, step := range []int{64, 66} {
				src := random(blocks/2*step + 64)
				if blocks%3 > 0 {
					noThrees(src)
				}
				both(t, "Codes", func() any {
					dst := room(128 * blocks)
					ok := Codes(dst, src, blocks, step, reverse)
					return result{data: dst, ok: ok}
				}, same)
			}
		}
	}
	for groups := range 5 {
		for name, e := range map[string]struct {
			from, to int
			turn     func(dst, src []byte, groups int)
		}{
			"Trits":      {twoBitBytes, TritBytes, Trits},
			"FromTrits":  {TritBytes, twoBitBytes, FromTrits},
			"OneBit":     {twoBitBytes, OneBitBytes, OneBit},
			"FromOneBit": {OneBitBytes, twoBitBytes, FromOneBit},
		} {
			src := random(groups * e.from)
			switch name {
			case "Trits":
				noThrees(src)
			case "FromTrits": // digits; the bits behind them are what Trits makes
				two := random(groups * twoBitBytes)
				noThrees(two)
				Trits(src, two, groups)
			}
			both(t, name, func() any {
				dst := room(groups * e.to)
				e.turn(dst, src, groups)
				return result{data: dst}
			}, same)
		}
	}
	for _, groupCols := range []int{64, 128} {
		for groups := range 7 {
			for _, rows := range []int{0, 1, 7, 31, 32} {
				src := random(rows * groups * (2 + groupCols/4))
				both(t, "Band", func() any {
					codes, scales := room(groups*groupCols/16*128), make([]uint16, groups*32+7)
					Band(codes[:len(codes)-64], scales[:groups*32], 32-rows, rows, src, groupCols)
					return result{data: codes, scales: scales}
				}, same)
			}
		}
	}
}

// noThrees makes codes 3 codes 1.
func noThrees(b []byte) {
	for i, x := range b {
		b[i] = x &^ (x & (x << 1) & 0xaa)
	}
}

// TestDigits: every byte of a block of base-3 digits, at every place.
func TestDigits(t *testing.T) {
	for _, asm := range []bool{false, true} {
		if asm && !switchTo(true) {
			break
		}
		switchTo(asm)
		for b := range 256 {
			tq1, tq2 := bytes.Repeat([]byte{byte(b)}, TQ1Bytes), make([]byte, TQ2Bytes)
			TQ1(tq2, tq1)
			ptq1, pq2 := bytes.Repeat([]byte{byte(b)}, PTQ1Bytes), make([]byte, PQ2Bytes)
			PTQ1(pq2, ptq1)
			want := func(n int) byte { // digit n of b/256
				x := b
				for range n {
					x = x * 3 % 256
				}
				return byte(x * 3 / 256)
			}
			for i := range 256 {
				n := i / 32
				if i >= 240 {
					n = (i - 240) / 4
				} else if i >= 160 {
					n = (i - 160) / 16
				}
				if got := tq2[i/128*32+i%32] >> (2 * (i % 128 / 32)) & 3; got != want(n) {
					t.Fatalf("TQ1_0: byte %d, weight %d: %d, want %d", b, i, got, want(n))
				}
			}
			for i := range 128 {
				n := i / 16
				if i >= 120 {
					n = (i - 120) / 2
				} else if i >= 80 {
					n = (i - 80) / 8
				}
				if got := pq2[2+i/4] >> (2 * (i % 4)) & 3; got != want(n) {
					t.Fatalf("PTQ1_0: byte %d, weight %d: %d, want %d", b, i, got, want(n))
				}
			}
		}
	}
	switchTo(true)
}

// TestForms: what is turned into another form comes back.
func TestForms(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, asm := range []bool{false, true} {
		switchTo(asm)
		src, got := make([]byte, 3*twoBitBytes), make([]byte, 3*twoBitBytes)
		for i := range src {
			src[i] = byte(rng.Uint32())
		}
		noThrees(src)
		small := make([]byte, 3*TritBytes)
		Trits(small, src, 3)
		if FromTrits(got, small, 3); !bytes.Equal(got, src) {
			t.Errorf("assembly %t: digits do not come back", asm)
		}
		for i := range src {
			src[i] &= 0xaa
		}
		OneBit(small, src, 3)
		if FromOneBit(got, small, 3); !bytes.Equal(got, src) {
			t.Errorf("assembly %t: bits do not come back", asm)
		}
	}
}

// TestFinite puts a number that is not finite at every place.
func TestFinite(t *testing.T) {
	check := func(src []byte, at, size int, bad []byte, finite func([]byte) bool) {
		if !finite(src) {
			t.Fatalf("%d bytes of finite numbers are not finite", len(src))
		}
		for i := at; i < len(src)/size*size; i += size {
			was := bytes.Clone(src[i:][:size])
			copy(src[i:], bad)
			if finite(src) {
				t.Fatalf("bytes %x at %d of %d are finite", bad, i, len(src))
			}
			copy(src[i:], was)
		}
	}
	for _, asm := range []bool{false, true} {
		switchTo(asm)
		for n := range 300 {
			src := bytes.Repeat([]byte{0xff, 0x7b}, n) // the largest binary16, or -3e36
			check(src, 0, 2, []byte{1, 0xfc}, func(b []byte) bool { return Finite16(b, 0x7c00) })
			check(src, 0, 2, []byte{0x80, 0x7f}, func(b []byte) bool { return Finite16(b, 0x7f80) })
			check(src, 0, 4, []byte{0, 0, 0x80, 0xff}, func(b []byte) bool { return Finite32(b, 0x7f800000) })
		}
	}
	if math.Float32bits(float32(math.Inf(1))) != 0x7f800000 {
		t.Fatal("not the exponent")
	}
}

// TestThrees: a code 3 is found wherever it is, and nothing else is one.
func TestThrees(t *testing.T) {
	for _, asm := range []bool{false, true} {
		switchTo(asm)
		for n := 0; n < 300; n += 8 {
			src := bytes.Repeat([]byte{0b10_01_10_01, 0b00_10_01_00, 0b01_01_10_10}, n)[:n]
			if Threes(src) {
				t.Fatalf("%d bytes without a code 3 have one", n)
			}
			for i := range 4 * n {
				was := src[i/4]
				if src[i/4] |= 3 << (2 * (i % 4)); !Threes(src) {
					t.Fatalf("code %d of %d bytes is not found", i, n)
				}
				src[i/4] = was
			}
		}
	}
}

// TestReverse: twice is once not at all.
func TestReverse(t *testing.T) {
	row := []byte{0b00_01_10_11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	was := bytes.Clone(row)
	Reverse(row)
	if row[0] != 0b11_10_01_00 || row[10] != 10>>2&3<<4|10&3<<6 {
		t.Errorf("%08b", row)
	}
	if Reverse(row); !bytes.Equal(row, was) {
		t.Errorf("%08b", row)
	}
}

// TestStore: what is copied past the caches arrives, and nothing else changes.
func TestStore(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		n, at := rng.IntN(1000), rng.IntN(64)
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(rng.Uint32())
		}
		dst := bytes.Repeat([]byte{0xa5}, n+at+64)
		want := slices.Concat(dst[:at], src, dst[at+n:])
		if Store(dst[at:][:n], src); !bytes.Equal(dst, want) {
			t.Fatalf("%d bytes at %d", n, at)
		}
	}
}
