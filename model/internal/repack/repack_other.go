//go:build !amd64 || purego

package repack

const useAVX2, useVBMI = false, false

func bandAVX2(codes []byte, scales []uint16, blocks []byte, stride, groups, groupCols int) {}
func nibblesOf(reverse bool) *[32]byte                                                     { return nil }
func storeAVX2(dst, src *byte, lines int)                                                  {}
func codesAVX2(dst, src *byte, pairs, step int, nibbles *[32]byte) bool                    { return false }
func threesAVX2(src *byte, lines int) bool                                                 { return false }
func tq1AVX2(dst, src *byte, blocks int)                                                   {}
func tq2AVX2(dst, src *byte, blocks int) bool                                              { return false }
func ptq1AVX2(dst, src *byte, blocks int)                                                  {}
func q1AVX2(dst, src *byte, blocks int)                                                    {}
func tritsAVX2(dst, src *byte, groups int)                                                 {}
func fromTritsVBMI(dst, src *byte, groups int)                                             {}
func oneBitAVX2(dst, src *byte, groups int)                                                {}
func fromOneBitAVX2(dst, src *byte, groups int)                                            {}
func finite16AVX2(src *byte, n int, exponent uint32) bool                                  { return false }
func finite32AVX2(src *byte, n int, exponent uint32) bool                                  { return false }
func widestAVX2(bits *uint16, n int) uint16                                                { return 0 }
func narrowAVX2(low, high *byte, bits *uint16, n int, limit uint32) bool                   { return false }
func shortenAVX2(bits *uint16, src *byte, n int)                                           {}
