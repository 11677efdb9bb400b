package ternary

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPackCodes packs whole rows, and single blocks, of codes that another
// matrix holds, and finds the code 3 wherever it is.
func TestPackCodes(t *testing.T) {
	const rows, cols = 7, 3 * BlockCols
	rng := rand.New(rand.NewPCG(1, 2))
	want := New(rows, cols)
	arena := NewArena(Size(rows, cols))
	got := arena.Unset(rows, cols)
	row := make([]int8, cols)
	for r := range rows {
		for c := range row {
			row[c] = int8(rng.IntN(3) - 1)
		}
		want.PackRow(r, row)
		codes := make([]byte, cols/4)
		want.Codes(codes, r)
		for b := range cols / BlockCols {
			if !bytes.Equal(codes[b*rowBytes:][:rowBytes], want.Data[want.offset(r, b):][:rowBytes]) {
				t.Errorf("row %d: Codes has another block %d", r, b)
			}
		}
		ok := got.PackCodes(r, 0, codes[:rowBytes])
		if ok = got.PackCodes(r, 1, codes[rowBytes:]) && ok; !ok {
			t.Errorf("row %d: a code 3", r)
		}
	}
	if !bytes.Equal(got.Data, want.Data) || got.Scale != 1 {
		t.Error("packed codes differ from packed rows, or the padding does")
	}
	for i := range 3 * rowBytes {
		for slot := range 4 {
			codes := slices.Repeat([]byte{zeroByte}, 3*rowBytes)
			codes[i] |= 3 << (2 * slot)
			if got.PackCodes(2, 0, codes) {
				t.Fatalf("code 3 in slot %d of byte %d goes unnoticed", slot, i)
			}
		}
	}
}
