package inference

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"tern/inference/kernel"
	"tern/model"
)

// ErrKept marks what Restore cannot take: it is damaged, or belongs to another model
// or to other settings.
var ErrKept = errors.New("not a sequence of this session")

// keptMagic begins what Save writes. What follows, little-endian:
//
//	32 bytes    the stamp of model and settings
//	uint32      number of tokens n
//	uint32      position of an earlier state, below n, 0 for none
//	int32 × n   the tokens
//	bytes       keys and values: for each chunk of positions, each layer, each head, keys then
//	            values, the positions of the chunk below n; then their scales likewise
//	            (states of linear attention alone:)
//	float32 …   the state after n tokens
//	float32 …   the earlier one
//	uint32      CRC-32C of all before it
const keptMagic = "TERNSEQ3"

// arithmetic numbers how this package and its kernels compute. It is raised by whoever
// changes a bit of keys, values or states, on purpose: a sequence that another version of
// the program kept would go on with numbers that this one does not make. TestArithmetic
// notices.
const arithmetic = 2

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the sequence with its keys, values and states, for a session of the
// same model and the same settings to go on with in another run of the program.
// Of a model with linear attention it writes a state from before the answer, too, from
// which that can be written again, and the next one without its thoughts. It allocates little.
func (s *Session) Save(w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	sum := crc32.New(castagnoli)
	out := io.MultiWriter(buffered, sum)
	stamp, n := s.stamp(), len(s.tokens)
	k := keeper{write: func(p []byte) error { _, err := out.Write(p); return err }}
	k.bytes([]byte(keptMagic))
	k.bytes(stamp[:])
	k.number(uint32(n))
	before := s.state.kept(n)
	k.number(uint32(before.pos))
	k.bytes(raw(s.tokens))
	for at := 0; at < n; at += kvChunk {
		s.kv.eachRun(at, n, k.bytes)
	}
	if s.state != nil {
		k.bytes(raw(s.state.data))
		k.bytes(raw(before.data))
	}
	k.number(sum.Sum32())
	if k.err == nil {
		k.err = buffered.Flush()
	}
	if k.err != nil {
		return fmt.Errorf("inference: the sequence was not kept: %w", k.err)
	}
	return nil
}

// SaveSize is how many bytes Save writes.
func (s *Session) SaveSize() int64 {
	n := int64(len(s.tokens))
	size := int64(len(keptMagic)) + sha256.Size + 8 + 4*n + n*KVBytesPerToken(&s.engine.model.Config, s.kv.kind) + 4
	if s.state != nil {
		size += 4 * int64(len(s.state.data)+len(s.state.kept(len(s.tokens)).data))
	}
	return size
}

// Reusable is how many of ids Sync would not evaluate again.
func (s *Session) Reusable(ids []int32) int {
	n := min(s.Common(ids), max(0, len(ids)-1)) // the logits of the last one are wanted
	if s.state == nil || n == len(s.tokens) {
		return n
	}
	return s.state.before(n + 1).pos
}

// ReusableKept is Reusable after a Restore of what r has. It reads the head alone.
// Errors are those of Restore.
func (s *Session) ReusableKept(r io.Reader, ids []int32) (n int, err error) {
	k := newReader(r)
	h, err := s.readHead(k)
	if err != nil {
		return 0, err
	}
	common := min(commonPrefix(h.tokens, ids), max(0, len(ids)-1))
	switch {
	case s.state == nil, common == len(h.tokens):
		return common, nil
	case common >= h.before:
		return h.before, nil
	}
	return 0, nil
}

// Restore takes over what Save wrote, in the place of what the session holds. The
// session is empty after an error. Those wrap ErrKept where it is not for this
// session, ErrMemory where there is no room, or are those of r. It takes no more
// memory than it has read bytes, but for a chunk.
func (s *Session) Restore(r io.Reader) (err error) {
	s.empty()
	defer func() {
		if err != nil {
			s.empty()
		}
	}()
	sum := crc32.New(castagnoli)
	k := newReader(io.TeeReader(bufio.NewReaderSize(r, 1<<16), sum))
	h, err := s.readHead(k)
	if err != nil {
		return err
	}
	n := len(h.tokens)
	s.tokens = append(s.tokens, h.tokens...)
	for at := 0; at < n && k.err == nil; at += kvChunk {
		if err := s.grow(min(at+kvChunk, n)); err != nil {
			return err
		}
		s.kv.eachRun(at, n, k.bytes)
	}
	if s.state != nil {
		k.bytes(raw(s.state.data))
		if h.before > 0 && k.err == nil {
			k.bytes(raw(s.state.room(h.before)))
		}
	}
	want := sum.Sum32()
	got := k.read()
	if err := k.failed(); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("inference: its checksum is wrong: %w", ErrKept)
	}
	s.state.save(n)
	return nil
}

// keptHead is what comes before keys and values.
type keptHead struct {
	tokens []int32
	before int // position of the earlier state
}

// readHead reads it, and refuses what is not for this session. It takes no more memory
// than it has read bytes, but for a chunk.
func (s *Session) readHead(k *keeper) (h keptHead, err error) {
	head := make([]byte, len(keptMagic)+sha256.Size)
	k.bytes(head)
	stamp := s.stamp()
	n := int(k.read())
	h.before = int(k.read())
	switch {
	case k.err != nil:
		return h, k.failed()
	case string(head) != keptMagic+string(stamp[:]):
		return h, fmt.Errorf("inference: it is of another model or of other settings: %w", ErrKept)
	case n > s.context:
		return h, fmt.Errorf("inference: %d tokens, the context has %d: %w", n, s.context, ErrKept)
	case h.before > 0 && (h.before >= n || s.state == nil):
		return h, fmt.Errorf("inference: an earlier state after %d of %d tokens: %w", h.before, n, ErrKept)
	}
	for len(h.tokens) < n && k.err == nil {
		part := make([]int32, min(kvChunk, n-len(h.tokens)))
		k.bytes(raw(part))
		for _, id := range part {
			if id < 0 || int(id) >= s.engine.model.VocabSize {
				return h, fmt.Errorf("inference: token id %d: %w", id, ErrKept)
			}
		}
		h.tokens = append(h.tokens, part...)
	}
	return h, k.failed()
}

// empty forgets everything, the states too.
func (s *Session) empty() {
	s.tokens, s.ahead, s.have = s.tokens[:0], nil, logitsNone
	s.kv.own(0, nil)
	if s.state != nil {
		s.state.rewind(0)
	}
}

// keeper writes or reads pieces until the first error.
type keeper struct {
	write func(p []byte) error // or reads into p
	err   error
}

func newReader(r io.Reader) *keeper {
	return &keeper{write: func(p []byte) error { _, err := io.ReadFull(r, p); return err }}
}

// failed is the first error of reading.
func (k *keeper) failed() error {
	switch {
	case k.err == nil:
		return nil
	case errors.Is(k.err, io.EOF), errors.Is(k.err, io.ErrUnexpectedEOF):
		return fmt.Errorf("inference: it ends too early: %w", ErrKept)
	}
	return fmt.Errorf("inference: %w", k.err)
}

func (k *keeper) bytes(p []byte) {
	if k.err == nil {
		k.err = k.write(p)
	}
}

func (k *keeper) number(n uint32) { k.bytes(binary.LittleEndian.AppendUint32(nil, n)) }

func (k *keeper) read() uint32 {
	p := make([]byte, 4)
	if k.bytes(p); k.err != nil {
		return 0
	}
	return binary.LittleEndian.Uint32(p)
}

// raw is the memory of numbers. Save and Restore happen on one computer: the stamp has
// its kind.
func raw[T int8 | uint16 | int32 | float32](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}

// eachRun calls f with the memory of the keys or values of each head of the chunk that
// begins at position at, those of positions below n.
func (kv *kvCache) eachRun(at, n int, f func(p []byte)) {
	// each takes what a chunk has width bytes of for each key and value.
	each := func(chunk []byte, width int) {
		for ; len(chunk) > 0; chunk = chunk[kvChunk*width:] {
			f(chunk[:min(kvChunk, n-at)*width])
		}
	}
	switch i := at / kvChunk; kv.kind {
	case KVF16:
		each(raw(kv.f16[i]), 2*kv.headDim)
	case KVF32:
		each(raw(kv.f32[i]), 4*kv.headDim)
	case KVQ8:
		each(raw(kv.q8[i].values), kv.headDim)
		each(raw(kv.q8[i].scales), 4)
	default:
		panic(fmt.Sprintf("inference: a cache of kind %d", kv.kind))
	}
}

// before is the latest snapshot of fewer than n tokens, an empty one for none.
func (r *recurrentState) before(n int) snapshot {
	if r != nil {
		for _, s := range slices.Backward(r.saved) {
			if s.pos < n {
				return s
			}
		}
	}
	return snapshot{}
}

// kept is the snapshot that is worth keeping beside a state after n tokens: shortly before the
// last one before it, which is where the answer begins.
func (r *recurrentState) kept(n int) snapshot {
	last := r.before(n)
	if early := r.before(last.pos - answerTail + 1); early.pos > 0 && last.pos-early.pos <= prefillChunk {
		return early
	}
	return last
}

// room adds a snapshot of pos tokens, to be filled, to an empty list.
func (r *recurrentState) room(pos int) []float32 {
	r.save(pos)
	return r.saved[0].data
}

// fingerprint names the model and the precision of an engine: it is computed once.
type fingerprint struct {
	once sync.Once
	sum  [sha256.Size]byte
}

// stamp names everything that the bits of a session's keys, values and states depend on.
func (s *Session) stamp() (sum [sha256.Size]byte) {
	h := sha256.New()
	print := s.engine.fingerprint()
	h.Write(print[:])
	fmt.Fprintf(h, "arithmetic %d kv %d amplitude %08x %s %s\n", arithmetic, s.kv.kind, math.Float32bits(s.amplitude), runtime.GOARCH, kernel.Path())
	h.Write(raw(s.invFreq))
	h.Sum(sum[:0])
	return sum
}

// sampledRows is how many rows of each matrix a fingerprint looks at: all of them take
// seconds for large models (model.Model.Hash), and files that differ in few rows are
// made by nobody.
const sampledRows = 16

func (e *Engine) fingerprint() [sha256.Size]byte {
	e.print.once.Do(func() {
		h, m := sha256.New(), e.model
		c := m.Config
		c.StopIDs, c.BOS, c.ContextLen, c.Family = nil, 0, 0, ""
		fmt.Fprintf(h, "%+v planes %d\n", c, e.planes)
		rotation := func(r *model.Rotation) {
			if r != nil {
				fmt.Fprintf(h, "rotated by %d, grouped %t\n", r.Block, r.Grouped)
				h.Write(raw(r.Signs))
			}
		}
		for _, s := range m.Slots(&model.GGUFNames) {
			fmt.Fprintf(h, "%s %d %d\n", s.Name, s.Rows, s.Cols)
			if s.Norm != nil {
				h.Write(raw(*s.Norm))
				continue
			}
			row := make([]float32, s.Cols)
			for i := range min(sampledRows, s.Rows) {
				r := i * (s.Rows - 1) / max(1, min(sampledRows, s.Rows)-1)
				if s.Dense != nil {
					s.Dense.RowTo(row, r)
				} else {
					rowOf(s.Linear, r, row)
				}
				h.Write(raw(row))
			}
			if l := s.Linear; l != nil {
				rotation(l.Rotation)
				h.Write(raw(append([]float32{l.NormEps}, l.Norm...)))
			}
		}
		rotation(m.EmbedRotation)
		rotation(m.HeadRotation)
		h.Sum(e.print.sum[:0])
	})
	return e.print.sum
}

// rowOf stores the weights of a row of a projection.
func rowOf(l *model.Linear, r int, dst []float32) {
	switch {
	case l.Dense != nil:
		l.Dense.RowTo(dst, r)
	case l.Grouped != nil:
		l.Grouped.UnpackRow(r, dst)
	default:
		row := make([]int8, l.Cols)
		l.UnpackRow(r, row)
		for i, v := range row {
			dst[i] = float32(v) * l.Scale
		}
	}
}

// SessionMemory is what a session takes, part by part.
type SessionMemory struct {
	KV        int64 // keys and values, as far as the cache has grown
	State     int64 // states of linear attention
	Snapshots int64 // copies of them, to go back to
	Kept      int   // how many copies
}

// Memory says what the session takes now.
func (s *Session) Memory() SessionMemory {
	m := SessionMemory{KV: s.kv.bytes()}
	if s.state != nil {
		m.State = 4 * int64(len(s.state.data))
		m.Kept = len(s.state.saved)
		m.Snapshots = int64(m.Kept) * m.State
	}
	return m
}
