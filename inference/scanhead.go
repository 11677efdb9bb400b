package inference

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"tern/inference/kernel"
	"tern/model"
	"tern/model/narrow"
	"tern/model/ternary"
)

const (
	// scanMinWeights is the size of a head from which a scan pays.
	scanMinWeights = 4 << 20
	// scanMaxTop is the largest k for which it does.
	scanMaxTop = 1024
	// scanLeast is the least scale of a group, where the largest weights are near 1.
	scanLeast = 0x1p-30
	// smallest covers what underflows in a product that is computed in float32.
	smallest = 1e-35
	// largest is a power of two: where products may come near to it they can overflow,
	// and all of them are computed.
	largest = 90
)

// headScan is a head in codes of 4 bits with a scale per group; package kernel says what
// they are.
type headScan struct {
	rows, cols int
	exponent   int      // the weights were multiplied by 2 to this power
	codes      [][]byte // of each block of narrow.BlockRows rows, in whole bands
	scales     []uint16 // [bands][groups][kernel.ScanRows]
	dither     kernel.ScanDither

	spare *narrow.Matrix // whose spare memory has codes, or nil
}

// newHeadScan codes a head, or returns nil where that would not pay. Where the numbers of
// the head can be kept in 12 bits they will be, and most codes take what that frees.
func newHeadScan(d *model.Dense) *headScan {
	if !scans(d) {
		return nil
	}
	return buildHeadScan(d)
}

func scans(d *model.Dense) bool {
	return d.Rows*d.Cols >= scanMinWeights && d.Type != model.Packed
}

func buildHeadScan(d *model.Dense) *headScan {
	groups := kernel.ScanGroups(d.Cols)
	h := &headScan{
		rows: d.Rows, cols: d.Cols,
		codes:  make([][]byte, (d.Rows+narrow.BlockRows-1)/narrow.BlockRows),
		scales: ternary.Alloc[uint16](kernel.ScanBands(d.Rows) * groups * kernel.ScanRows),
		dither: newDither(groups * kernel.ScanCols),
	}
	if d.Narrowed() && d.Narrow.Take() {
		h.spare = d.Narrow
	}
	h.place()
	h.exponent = headExponent(d)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(h.codes)) {
		wg.Go(func() {
			row := make([]float32, d.Cols)
			for b := int(next.Add(1)) - 1; b < len(h.codes); b = int(next.Add(1)) - 1 {
				h.encode(d, b, row)
			}
		})
	}
	wg.Wait()
	return h
}

// newDither returns the random numbers of n columns. The system seeds them: nobody can
// choose weights or texts for them.
func newDither(n int) kernel.ScanDither {
	d := kernel.ScanDither{Rows: make([]uint16, n), Vectors: make([]uint16, n)}
	for i := range n {
		d.Rows[i], d.Vectors[i] = uint16(rand.Uint32()), uint16(rand.Uint32())
	}
	return d
}

// place finds memory for the codes of every block: the spare memory of the head where it
// is enough, as it is not for a last block of broken bands.
func (h *headScan) place() {
	need := 0
	for b := range h.codes {
		size := kernel.ScanBands(h.blockRows(b)) * kernel.ScanBandBytes(h.cols)
		if h.spare != nil {
			if room := h.spare.Spare(b); len(room) >= size {
				h.codes[b] = room[:size]
				continue
			}
		}
		need += (size + 63) &^ 63
	}
	arena := ternary.NewArena(need)
	for b := range h.codes {
		if h.codes[b] == nil {
			h.codes[b] = arena.Bytes(kernel.ScanBands(h.blockRows(b)) * kernel.ScanBandBytes(h.cols))
		}
	}
}

func (h *headScan) blockRows(b int) int { return min(narrow.BlockRows, h.rows-b*narrow.BlockRows) }

// headExponent brings the largest weights of a head, as far as some of its rows tell,
// between 1 and 2.
func headExponent(d *model.Dense) int {
	const some = 512
	row := make([]float32, d.Cols)
	var top float32
	for r := 0; r < d.Rows; r += max(1, d.Rows/some) {
		decodeRow(row, d, r)
		for _, v := range row {
			if v = max(v, -v); v > top && v <= math.MaxFloat32 {
				top = v
			}
		}
	}
	_, e := math.Frexp(float64(top))
	return min(1-e, 127) // a power of two that is a float32
}

// encode codes a block; row is scratch.
func (h *headScan) encode(d *model.Dense, b int, row []float32) {
	factor := float32(math.Ldexp(1, h.exponent))
	band := kernel.ScanBandBytes(h.cols)
	for i := range h.blockRows(b) {
		r := b*narrow.BlockRows + i
		decodeRow(row, d, r)
		codes, scales := h.codes[b][i/kernel.ScanRows*band:][:band], h.bandScales(r/kernel.ScanRows, 1)
		kernel.ScanEncode(codes, scales, i%kernel.ScanRows, row, factor, scanLeast, h.dither.Rows)
	}
}

// bandScales are the scales of n bands.
func (h *headScan) bandScales(band, n int) []uint16 {
	size := kernel.ScanGroups(h.cols) * kernel.ScanRows
	return h.scales[band*size:][:n*size]
}

// scan bounds the logits of the rows from first on, whole bands within a block, for each x. The
// block with number next, if there is one, is scanned soon.
func (h *headScan) scan(lower, upper [][]float32, first int, x []*kernel.ScanVector, next int) {
	at, then := h.bands(first/kernel.ScanRows, len(lower[0])/kernel.ScanRows), kernel.ScanCodes{}
	if next < len(h.codes) {
		then = h.bands(next*narrow.BlockRows/kernel.ScanRows, 1)
	}
	kernel.ScanEach(lower, upper, at.Codes, at.Scales, x, then)
}

// bands are n bands within a block.
func (h *headScan) bands(first, n int) kernel.ScanCodes {
	const inBlock = narrow.BlockRows / kernel.ScanRows
	size := kernel.ScanBandBytes(h.cols)
	return kernel.ScanCodes{Codes: h.codes[first/inBlock][first%inBlock*size:][:n*size], Scales: h.bandScales(first, n)}
}

// tiny is what the bounds of a vector that was multiplied by 2 to the power e must be
// wider for what underflows or overflows in the product that they bound.
func (h *headScan) tiny(e int) float32 {
	if e += h.exponent; e < -largest {
		return float32(math.Inf(1))
	}
	return roundUp(math.Ldexp(smallest, e))
}

// threshold is no larger than what a bound of a vector must be for a logit l.
func (h *headScan) threshold(l float32, x *kernel.ScanVector) float32 {
	if !(l-l == 0) { // many may have overflowed alike
		return float32(math.Inf(-1))
	}
	return -roundUp(-math.Ldexp(float64(l), h.exponent+x.Exponent()))
}

// roundUp returns a float32 that is no smaller.
func roundUp(v float64) float32 {
	return math.Nextafter32(float32(v), float32(math.Inf(1)))
}

// release gives up the spare memory of the head.
func (h *headScan) release() {
	if h != nil && h.spare != nil {
		h.spare.Release()
	}
}

// bytes is what a scan reads.
func (h *headScan) bytes() int64 { return scanRead(h.rows, h.cols) }

func scanRead(rows, cols int) int64 {
	bands := int64(kernel.ScanBands(rows))
	return bands * int64(kernel.ScanBandBytes(cols)+2*kernel.ScanGroups(cols)*kernel.ScanRows)
}

// ScanRead is what a scan of a head reads, 0 for small heads, which are not scanned.
func ScanRead(head *model.Dense) int64 {
	if !scans(head) {
		return 0
	}
	return scanRead(head.Rows, head.Cols)
}

// ScanBytes is the memory that an engine takes for the codes of a head beside the head
// itself, 0 for small ones, which have none. For a binary16 head that no engine has opened
// yet it is what they take at most.
func ScanBytes(head *model.Dense) int64 {
	n := ScanRead(head)
	if head.Narrow != nil || head.Type == model.BF16 && head.Cols%kernel.ScanCols == 0 {
		n -= int64(kernel.ScanBands(head.Rows)) * int64(kernel.ScanBandBytes(head.Cols))
	}
	return max(n, 0)
}
