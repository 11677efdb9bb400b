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
// Quantize, MatVec, MatMul, RopeHalf, RopeAdjacent, ReLU2Mul, Add, ToF16 and the
// Decode functions give the same bits on all paths, as no step is fused. The
// generic code gives the same bits on all systems. The rest differs by rounding
// alone:
//
//   - MatVecF32, MatVecF16, MatVecBF16, Scores: at most (n/4+5)·2⁻²⁴·Σ|w·x| from
//     the exact sum of n products (ScoresF16 in generic code: n·2⁻²⁴·Σ|w·x|)
//   - WeightedSum: at most (n+2)·2⁻²⁴·Σ|p·v| for n rows
//   - exp in Softmax and SiLUMul: 2 ulp
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
//   - 2 to 8 tokens (directAVX2): two rows are unpacked in registers for up to
//     four tokens, whose activations are interleaved first.
//   - More (unpackAVX2, tilesAVX2): 8 rows × 2048 columns are unpacked into 16 KB
//     of L1, then multiplied in tiles of four rows × two tokens, as many tokens at
//     a time as leave their activations in L2.
//
// With AVX-512, VPDPBUSD adds four products of bytes to a 32-bit sum, which needs
// neither the 16-bit additions nor the widening, and 32 registers hold the sums
// of four rows × 12 tokens (tileAVX512): there the weights are unpacked in
// registers for any number of tokens, and nothing is kept but the activations,
// interleaved, in L1. matVecAVX512 does not even shift: 4^k times a code still
// fits in the unsigned byte.
//
// Attention of a prompt, and of heads that share keys and values, takes three
// queries at a time (attention.go): a key is converted once for all of them.
//
// Memory gives more to four streams than to one: there are prefetchers for
// several. So a dot product takes a row of each quarter of its rows at a time
// (quarters.go), and so does the scan. MatVec is one stream, prefetched 2 KB ahead,
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
// # What was tried
//
// On one Zen 3 core of a busy machine, each group of figures side by side, best
// of many short runs: the ratios count more than the figures. VPMADDUBSW paired
// with VPADDW on registers alone reached 123 G MAC/s there (137 when quieter).
//
//	MatMul, 96 tokens, 1536 columns                                 G MAC/s
//	tile 4 rows × 2 tokens, two steps of 32 columns unrolled, from
//	a block of 8 rows × 2048 columns                                    114
//	  the same from 12 × 1536 / 16 × 1024                         113 / 102
//	  additions delayed by 1 / 2 / 3 products               106 / 110 / 109
//	  one step / four steps unrolled                           -7% / -7%
//	tile 4 × 3, activations as memory operands                          -8%
//	tile 4 × 2, weights as memory operands (activations unsigned)        0%
//	  512 tokens in blocks of 256 KB / uncut (1536 columns)       114 / 115
//	  the same with 4096 columns / 6912 columns          90 / 77, 93 / 88
//
//	MatMul, few tokens, 1536 columns, G MAC/s     2    3    4    6    8   12   16
//	unpacked in registers                        79   86   92   89   93   93   93
//	unpacked into L1                             62   71   81   89   94   99  102
//
//	The first of these with 4096 columns and activations that are not
//	interleaved: 46 instead of 93 for 4 tokens.
//
//	MatVec, 4096 columns, GB/s of packed weights          from L2  from memory
//	fields 1 and 3 at four times their value, sums in
//	registers, prefetch 4 KB ahead                           19.5         18.1
//	  sums on the stack, activations in registers            18.8         17.2
//	  three shifts instead of one                            -10%          -8%
//	  prefetch 2 KB ahead / none                               0%   -3% / -20%
//
//	MatVecF16, 1536 columns, from memory                                  GB/s
//	four rows, prefetching three of the next four                         15.3
//	  prefetching all four / none of them                          13.7 / 10.5
//	  one row at a time, with 2 / 4 / 8 sums                -26% / -28% / -18%
//	a row of each quarter: see below
//
//	Attention over 256 positions in L2, 96 values as binary16, per query  G MAC/s
//	scores: one query, two sums a row / one sum / three queries     19 / 19 / 36
//	  three queries, with one MOVSS among the VEX instructions                 7
//	weighted sum: one query 64, then 32 columns / all 96 / three    26 / 32 / 44
//
//	From memory, medians of 21 to 41 turns, GB/s, threads:            1       2
//	MatVec, 1536 columns, prefetch 4 / 3 / 2 KB ahead        19 / 21 / 21  29 / 30 / 31
//	  1 KB ahead / none                                           18 / 15  29 / 25
//	  as four streams of 4 KB, 16 KB ahead                             14      20
//	    beside them, in a disturbed minute, 2 KB ahead                 14      21
//	Scan, 2560 columns, four neighbours, one stream ahead              13      20
//	  one row after the other, 1 KB ahead                              15      24
//	  a row of each quarter (in another minute 16 / 22 for that)       22      27
//	ScoresF16, 96 columns, four neighbours, one stream ahead           16      23
//	  a row of each quarter / prefetch 768 bytes ahead            19 / 18  28 / 24
//	MatVecF16, 1536 columns, the same two                         12 / 19  19 / 26
//	WeightedSumF16, 96 columns, no prefetch / 1.1 KB ahead        17 / 20  26 / 29
//	  as four streams of 4 KB, 16 KB ahead                             19      28
//	Reading only, four streams 4 / 48 KB apart                    22 / 25  31 / 31
//	  two / eight streams 48 KB apart                             25 / 25  32 / 31
//	  one stream, prefetch 1 KB ahead                                  16      27
//
// On one Zen 4 core of a virtual machine, likewise, where VPDPBUSD of 64 bytes
// reaches 64 MAC a cycle, 230 G MAC/s at 3.6 GHz:
//
//	MatMul, G MAC/s, tokens                   2    3    4    6    8   16   32  128
//	1536 columns, AVX-512                   167  183  184  194  200  200  202  199
//	  AVX2                                  129  140  148  141  154  151  150  166
//	4096 columns, AVX-512                   163  184  188  196  203  204  207  207
//	  AVX2                                  128  145  156  149  157  154  157  157
//	6912 columns, AVX-512                   163  183  188  196  202  202  206  201
//	  AVX2                                  126  131  148  145  148  140  149  146
//
//	From memory, on huge pages, GB/s                            AVX2      AVX-512
//	MatVec, 4096 columns (from L2: 30 and 39)                   28.6         28.5
//	Scan, 1536 columns, the next four rows as one stream        30.0         32.0
//	  three of the next four rows side by side                  14.1         14.9
//	MatVecF16, 1536 columns, the next four as one stream        27.7            –
//	  three of the next four rows side by side                  14.6
//	ReadBandwidth, one stream, prefetch 4 KB ahead              29.4         30.8
//	  four streams of 4 KB                                      24.1
//	  four streams of 4 KB, from pages of 4 KB                   7.4
package kernel
