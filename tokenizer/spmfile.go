package tokenizer

import (
	"bytes"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// spmFile is what is used of a ModelProto (sentencepiece_model.proto), with
// its defaults.
type spmFile struct {
	pieces []string
	scores []float32
	types  []pieceType

	modelType int32 // trainer_spec
	suffix    bool
	bos, eos  int32

	normalized bool // normalizer_spec is there
	normalizer string
	charsMap   bool
	prefix     bool
	squeeze    bool
	escape     bool
}

// modelTypes are the values of TrainerSpec.ModelType.
var modelTypes = map[int32]string{1: "UNIGRAM", 2: "BPE", 3: "WORD", 4: "CHAR"}

// readSentencePiece makes a tokenizer of a tokenizer.model.
func readSentencePiece(data []byte, c *config) (*tokenizer, error) {
	// Llama-3's original release has a list of base64 tokens under that name.
	if bytes.HasPrefix(data, []byte("IQ== 0\n")) {
		return nil, fmt.Errorf("tokenizer: tokenizer.model is a tiktoken list, not a SentencePiece model: %w", ErrUnsupported)
	}
	f, err := parseSPM(data)
	if err != nil {
		return nil, err
	}
	// The trainer writes the normalizer last: a file without one is cut short.
	if len(f.pieces) == 0 || !f.normalized {
		return nil, fmt.Errorf("tokenizer: tokenizer.model has no pieces or no normalizer: %w", ErrDamaged)
	}
	unsupported := ""
	switch {
	case f.modelType != 2:
		unsupported = fmt.Sprintf("model type %d %s", f.modelType, modelTypes[f.modelType])
	case f.charsMap:
		unsupported = fmt.Sprintf("normalizer %q", f.normalizer)
	case f.suffix:
		unsupported = "treat_whitespace_as_suffix"
	case !f.escape:
		unsupported = "escape_whitespaces off"
	}
	if unsupported != "" {
		return nil, fmt.Errorf("tokenizer: tokenizer.model: %s: %w", unsupported, ErrUnsupported)
	}
	t, err := newSentencePiece(f.pieces, f.scores, f.types, spacing{
		prefix:    f.prefix && c.addPrefixSpace,
		startOnly: !c.legacy,
		squeeze:   f.squeeze,
	})
	if err != nil {
		return nil, err
	}
	c.bos = append(c.bos, t.added[f.bos].literal)
	c.eos = append(c.eos, t.added[f.eos].literal)
	return t, nil
}

// parseSPM reads a tokenizer.model.
func parseSPM(data []byte) (f spmFile, err error) {
	f = spmFile{modelType: 1, bos: 1, eos: 2, prefix: true, squeeze: true, escape: true}
	if err := f.read(data); err != nil {
		return f, fmt.Errorf("tokenizer: tokenizer.model: %w: %w", ErrDamaged, err)
	}
	return f, nil
}

func (f *spmFile) read(data []byte) error {
	return eachField(data, func(num protowire.Number, v fieldValue) error {
		switch num {
		case 1:
			if len(f.pieces) == maxVocab {
				return fmt.Errorf("more than %d pieces", maxVocab)
			}
			return f.readPiece(v.bytes)
		case 2:
			return eachField(v.bytes, f.trainerField)
		case 3:
			f.normalized = true
			return eachField(v.bytes, f.normalizerField)
		}
		return nil
	})
}

func (f *spmFile) readPiece(data []byte) error {
	piece, score, kind := "", float32(0), pieceNormal
	err := eachField(data, func(num protowire.Number, v fieldValue) error {
		switch num {
		case 1:
			piece = string(v.bytes)
		case 2:
			score = math.Float32frombits(uint32(v.number))
		case 3:
			kind = pieceType(v.number)
		}
		return nil
	})
	f.pieces = append(f.pieces, piece)
	f.scores = append(f.scores, score)
	f.types = append(f.types, kind)
	return err
}

func (f *spmFile) trainerField(num protowire.Number, v fieldValue) error {
	switch num {
	case 3:
		f.modelType = int32(v.number)
	case 24:
		f.suffix = v.number != 0
	case 41:
		f.bos = int32(v.number)
	case 42:
		f.eos = int32(v.number)
	}
	return nil
}

func (f *spmFile) normalizerField(num protowire.Number, v fieldValue) error {
	switch num {
	case 1:
		f.normalizer = string(v.bytes)
	case 2:
		f.charsMap = len(v.bytes) > 0
	case 3:
		f.prefix = v.number != 0
	case 4:
		f.squeeze = v.number != 0
	case 5:
		f.escape = v.number != 0
	}
	return nil
}

// fieldValue is a field of a protobuf message: bytes if length-delimited,
// else its varint or fixed number.
type fieldValue struct {
	number uint64
	bytes  []byte
}

// eachField calls f for the fields of a protobuf message in order.
func eachField(data []byte, f func(protowire.Number, fieldValue) error) error {
	for len(data) > 0 {
		num, wire, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		var v fieldValue
		switch wire {
		case protowire.VarintType:
			v.number, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var number uint32
			number, n = protowire.ConsumeFixed32(data)
			v.number = uint64(number)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(num, wire, data)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if err := f(num, v); err != nil {
			return err
		}
	}
	return nil
}
