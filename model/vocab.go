package model

// Vocab is the tokenizer that a GGUF file holds in its metadata
// (tokenizer.ggml.* and tokenizer.chat_template). Strings need not be valid
// UTF-8. Scores, Types and Merges are nil where the file has none, ids are -1,
// flags are nil.
type Vocab struct {
	Model  string    // "llama" for SentencePiece, "gpt2" for byte-level BPE
	Pre    string    // how a byte-level text is cut into words; may be ""
	Tokens []string  // by id
	Scores []float32 // by id, of SentencePiece
	Types  []int32   // by id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
	Merges []string  // "left right", best first, of byte-level BPE

	BOS, EOS, EOT, UNK, PAD        int32
	AddBOS, AddEOS, AddSpacePrefix *bool
	ChatTemplate                   string // Jinja; "" where there is none

	// Habits are what the format has no keys for; package tokenizer knows them.
	Habits []string
}

// The values of Vocab.Types that packages below tokenizer use.
const (
	TokenNormal  = 1
	TokenControl = 3
	TokenUnused  = 5
)
