// Package kernel holds the arithmetic of the forward pass: products of ternary
// matrices with int8 activations, and the float32 steps around them.
//
// The generic Go code (*_generic.go) is the definition of every function. On
// amd64 with AVX2, FMA and F16C assembly runs instead, and some of it once more
// for AVX-512 with VNNI; on arm64 it is NEON, and some of it once more for the dot
// product instructions. The generators in _gen write it, with avo and, for arm64,
// as text; `go generate ./inference/kernel` reproduces it byte for byte. The
// environment variable TERN_KERNEL names a slower path than the best: avxvnni, avx2,
// neon or generic; the build tag purego keeps the generic code.
//
// # What is equal, and what is near
//
// Quantize, MatVec, MatMul, Fixed, MatMulGrouped, Scan, ScoresEach8,
// WeightedSumEach8, Hadamard, DeltaStep, RopeHalf,
// RopeAdjacent, ReLU2Mul, Add, ToF16 and the Decode functions give the same bits on all paths, as no step is fused. The
// generic code gives the same bits on all systems. The rest differs by rounding
// alone:
//
//   - MatVecF32, MatVecF16, MatVecBF16, Scores: at most (n/4+5)·2⁻²⁴·Σ|w·x| from
//     the exact sum of n products (ScoresF16 in generic code: n·2⁻²⁴·Σ|w·x|)
//   - WeightedSum: at most (n+2)·2⁻²⁴·Σ|p·v| for n rows
//   - exp in Exponentials, SiLUMul, SigmoidMul and Convolve: 2 ulp
//   - RMSNorm: 4 roundings; its squares are summed in float64
//
// A result never depends on what is computed beside it: not on how rows or
// tokens are cut into calls, nor on the alignment of a slice. So logits are the
// same for any number of workers and any way of cutting a prompt.
//
// # How the ternary products work
//
// Weights are stored as codes w+1 in {0, 1, 2}, since VPMADDUBSW wants one side
// unsigned: Σ w·q = Σ (w+1)·q − Σ q. It multiplies 32 pairs of bytes and adds
// neighbours into sixteen 16-bit sums; 64 of those of the worst case, 2·2·-128,
// make -32768, the last value that fits, so every loop widens to 32 bits before
// that. Everything is integer until one conversion and one multiplication.
//
//   - One token (matVecAVX2): one pass over a row group, a sequential stream.
//   - 2 to 4 tokens (directAVX2): two rows are unpacked in registers for all of them,
//     whose activations are interleaved first.
//   - More (unpackAVX2, tilesAVX2): up to 16 rows are unpacked into 24 KB of L1, then
//     multiplied in tiles of four rows × three tokens, as many tokens at a time as
//     leave their activations in L2. Sums begin with -Σq of their columns, so that they
//     end as sums of weights, of which 16 bits hold 4096 columns.
//
// With AVX-VNNI, VPDPBUSD does so on 256 bits (matVecVNNI, tilesVNNI), in the same tiles.
//
// With AVX-512, VPDPBUSD adds four products of bytes to a 32-bit sum, which needs
// neither the 16-bit additions nor the widening, and 32 registers hold the sums
// of four rows × 12 tokens (tileAVX512): there the weights are unpacked in
// registers, and nothing is kept but the activations, interleaved, in L1. From 32 tokens
// on, loads are the limit: eight rows are unpacked into 16 KB of L1, and each load of
// activations serves four products of eight rows × 6 tokens (tile8AVX512). matVecAVX512 does not even shift: 4^k times a code still
// fits in the unsigned byte.
//
// Attention takes up to four queries at a time (attention.go): a key is converted once for
// all of them. Keys and values of 8 bits are multiplied by queries and weights of 16, by VPMADDWD
// or VPDPWSSD, values two rows at a time. A run of
// keys or values is one stream, of which 8 KB are fetched ahead, at its end of the run that comes
// next. Four heads with a query each are four streams with AVX-512 (attentionruns.go).
//
// Memory gives more to four streams than to one: there are prefetchers for
// several. So a dot product takes a row of each quarter of its rows at a time
// (quarters.go). MatVec is one stream, prefetched 2 KB ahead,
// as it computes for as long as it reads; with AVX-512, where a prefetched stream
// is the fastest, all are.
//
// On arm64 a product of bytes may be signed, and the codes are small enough:
//
//   - with the dot product instructions (matVecDot, tilesDot) SDOT adds four
//     products to a 32-bit sum;
//   - without them (matVecNEON, tilesNEON) SMLAL adds each to a 16-bit sum, which
//     holds 128 of the worst case, 2·-128, and is widened no later.
//
// MatMul unpacks 16 rows × 1024 columns and multiplies tiles of four rows × four
// tokens. Its results were checked in an emulator; no figure was measured yet.
//
// # How the group-scaled products work
//
// Models whose weights have a scale for every 64 or 128 columns were not trained with
// int8 activations. MatMulGrouped takes activations in fixed point, with a scale for each
// of the same groups: Fixed16 is two signed bytes for each, Fixed24 three. Products of
// bytes are summed exactly within a group; one conversion, two multiplications and one
// addition in float32 follow, in the order of the groups. So every path, cut and number
// of tokens gives the same bits. Against float64, relative to the largest result of a
// matrix, two planes are off by 2.5e-5 and three by 4e-7.
//
// A few activations of a trained model are much larger than the others. With two planes
// they do not set the scale of their group: they have a third byte (outlier.go), four
// columns at a time, which a product adds to the sum of the group after all others.
//
// Each 32-bit lane of a register is a row (package ternary has the layout), activations
// are broadcast, and nothing is added across a register:
//
//   - One token (groupedVec…): a band of 32 rows is one stream, prefetched 8 KB ahead
//     into L2, and unpacked in registers.
//   - More, with AVX-512 (groupedTile512): the sums of 32 rows × 6 tokens × 2 planes take
//     24 registers, and codes are unpacked in registers.
//   - More, with 256 or 128 bits: 512 columns of a band are unpacked into 16 KB of L1,
//     then multiplied by tile after tile: 16 rows × 3 tokens × 2 planes.
//
// VPDPBUSD adds four products to 32 bits, with AVX-512 or, on 256 bits, with AVX-VNNI,
// whose form the generator writes as bytes. With AVX2 and plain NEON a group's sums fit
// in 16 bits, as codes are at most 3: 32·2·3·128 = 24576 for a pair of neighbours. SDOT
// takes four activations from any quarter of a register, which needs no broadcast.
//
// # How linear attention works
//
// DeltaStep reads as many columns of a head's state as registers hold the sums of, 128 with
// AVX-512 and 32 otherwise, then updates them from the last row to the first: the state
// comes from memory once, and the second time from L1 or L2. Hadamard does the distances up
// to 32 in registers, and three further ones in each pass over the block.
//
// # How the scan of a head works
//
// Scan bounds the products of a float matrix and a vector from codes of 4 bits with a
// scale for 64 columns, laid out like the group-scaled matrices: each 32-bit lane is a
// row, 16 to a band, and a band is one stream. The codes were dithered with random numbers
// that all rows share, and the bytes of the vector with others. So their errors are independent
// and add up like noise: the bounds are a fifth as wide as any that held with certainty could
// be, and are wrong with a chance of 2⁻⁸⁰ (ScanSlack has the proof). All paths give the same bits.
//
// MEASUREMENTS.md has the figures, and what was tried.
package kernel
