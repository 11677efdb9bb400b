package library

import (
	"tern/app/hub"
	"tern/app/say"
	"tern/model"
	"tern/model/checkpoint"
)

// Public is a checkpoint that anyone may download.
type Public struct {
	ID      string // of the repository
	Family  string // those of one family stand together
	Chat    bool   // false for a base model, which continues texts
	Licence string // what its card said when it was last seen; the site has the last word
	// Bytes of the download, about; what the site says of it wins where it was asked.
	Bytes int64
	// Secondhand says that the id or the size comes from other people's lists rather
	// than from the publisher: such a model is listed and never recommended.
	Secondhand bool
	// Take is the form of the file to take, where there are several of the same weights:
	// the one that hub.Repo.Pick chooses. "" where there is one.
	Take hub.Form
	// Languages are ISO 639 codes; Many stands for a hundred or so.
	Languages []string
	Thinking  bool // it thinks before it answers, unless it is told not to
	Tools     bool // its template calls tools

	shape *model.Config
	head  model.DType // of the embedding and the head; model.Packed as the rest
}

// Many is the code of ISO 639-2 for several languages.
const Many = "mul"

// Facts is what the headers will say, as far as memory depends on it; nil where
// the shape is not known.
func (p *Public) Facts() *checkpoint.Facts { return p.factsOf(p.Take) }

// factsOf are Facts of a file of another form.
func (p *Public) factsOf(form hub.Form) *checkpoint.Facts {
	if p.shape == nil {
		return nil
	}
	return outline(p.shape, p.head, form)
}

// Family is what models of one kind are for.
type Family struct {
	Name  string
	About say.Text // one sentence
}

// Names of families.
const (
	Bonsai    = "Ternary Bonsai"
	BonsaiBit = "Bonsai (1 bit)"
	Bonsai2   = "Ternary Bonsai 2"
	BitCPM    = "BitCPM"
	TriLM     = "TriLM"
	BitNet    = "BitNet"
	FalconE   = "Falcon-E"
	Falcon3   = "Falcon3"
)

// Families are those of Publics, those that suit most people first.
var Families = []Family{
	{Bonsai, say.Say("Chat in many languages, in sizes for every computer.")},
	{Bonsai2, say.Say("The newest and most able; they think before they answer, which takes time.")},
	{BonsaiBit, say.Say("Half the download of Ternary Bonsai, and less exact.")},
	{BitNet, say.Say("The models that ternary weights began with; one of them chats, in English.")},
	{FalconE, say.Say("Small models that chat in English.")},
	{BitCPM, say.Say("Chat in Chinese and English.")},
	{Falcon3, say.Say("Chat in four languages; they were made ternary after their training.")},
	{TriLM, say.Say("For research: they continue English texts and do not chat.")},
}

const (
	tiiLicence   = "TII Falcon"
	llamaLicence = "Llama 3"
	mit          = "MIT"
	apache       = "Apache-2.0"
)

var (
	english = []string{"en"}
	falcons = []string{"en", "fr", "es", "pt"}
	chinese = []string{"zh", "en"}
	many    = []string{Many} // as the Qwen models that these were made from
)

// Publics are the public ternary checkpoints, family by family and the lightest
// first of each. Ids and sizes are those of the publishers' pages; what those do not
// say is computed from the shape (1bitLLM, Llama3, Falcon3, Bonsai 2 9B) or marked as
// secondhand.
var Publics = []Public{
	{ID: "prism-ml/Ternary-Bonsai-1.7B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 457_000_000, Take: "Q2_0", Languages: many, Tools: true, shape: published("bonsai-1.7b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-4B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 1_075_000_000, Take: "Q2_0", Languages: many, Tools: true, shape: published("bonsai-4b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-8B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 2_180_000_000, Take: "Q2_0", Languages: many, Tools: true, shape: published("bonsai-8b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-27B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 7_165_000_000, Take: "Q2_0", Languages: many, Thinking: true, Tools: true, shape: bonsai27B(), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-2-9B-gguf", Family: Bonsai2, Chat: true, Licence: apache, Bytes: 2_000_000_000, Take: "PTQ1_0", Languages: many, Thinking: true, Tools: true, shape: published("bonsai-2-9b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-2-27B-gguf", Family: Bonsai2, Chat: true, Licence: apache, Bytes: 5_900_000_000, Take: "PTQ1_0", Languages: many, Thinking: true, Tools: true, shape: bonsai27B(), head: model.Packed},
	// The sizes of the two smaller ones are 18 bytes for every 34 of the ternary files.
	{ID: "prism-ml/Bonsai-1.7B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 242_000_000, Secondhand: true, Take: "Q1_0", Languages: many, Tools: true, shape: published("bonsai-1.7b"), head: model.Packed},
	{ID: "prism-ml/Bonsai-4B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 569_000_000, Secondhand: true, Take: "Q1_0", Languages: many, Tools: true, shape: published("bonsai-4b"), head: model.Packed},
	{ID: "prism-ml/Bonsai-8B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 1_159_000_000, Secondhand: true, Take: "Q1_0", Languages: many, Tools: true, shape: published("bonsai-8b"), head: model.Packed},
	{ID: "prism-ml/Bonsai-27B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 3_900_000_000, Take: "Q1_0", Languages: many, Thinking: true, Tools: true, shape: bonsai27B(), head: model.Packed},

	{ID: "openbmb/BitCPM-CANN-0.5B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 245_000_000, Secondhand: true, Take: "TQ2_0", Languages: chinese},
	{ID: "openbmb/BitCPM-CANN-1B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 551_000_000, Secondhand: true, Take: "TQ2_0", Languages: chinese},
	{ID: "openbmb/BitCPM-CANN-3B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 1_100_000_000, Secondhand: true, Take: "TQ2_0", Languages: chinese},
	{ID: "openbmb/BitCPM-CANN-8B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 2_370_000_000, Take: "TQ2_0", Languages: chinese, shape: bitcpm8B, head: model.Q4K},

	{ID: "1bitLLM/bitnet_b1_58-large", Family: BitNet, Licence: mit, Bytes: 2_920_000_000, Languages: english, shape: large, head: model.F32},
	{ID: "1bitLLM/bitnet_b1_58-xl", Family: BitNet, Licence: mit, Bytes: 5_100_000_000, Languages: english, shape: xl, head: model.F32},
	{ID: "microsoft/bitnet-b1.58-2B-4T-gguf", Family: BitNet, Chat: true, Licence: mit, Bytes: 1_190_000_000, Take: "I2_S", Languages: english, shape: twoB4T, head: model.F16},
	{ID: "microsoft/bitnet-b1.58-2B-4T", Family: BitNet, Chat: true, Licence: mit, Bytes: 1_180_000_000, Languages: english, shape: twoB4T, head: model.BF16},
	{ID: "1bitLLM/bitnet_b1_58-3B", Family: BitNet, Licence: mit, Bytes: 13_300_000_000, Languages: english, shape: threeB, head: model.F32},
	{ID: "HF1BitLLM/Llama3-8B-1.58-100B-tokens", Family: BitNet, Licence: llamaLicence, Bytes: 3_850_000_000, Languages: english, shape: llama8B, head: model.BF16},

	{ID: "tiiuae/Falcon-E-1B-Instruct", Family: FalconE, Chat: true, Licence: tiiLicence, Bytes: 640_000_000, Secondhand: true, Languages: english},
	{ID: "tiiuae/Falcon-E-3B-Instruct", Family: FalconE, Chat: true, Licence: tiiLicence, Bytes: 960_000_000, Secondhand: true, Languages: english},

	{ID: "tiiuae/Falcon3-1B-Instruct-1.58bit", Family: Falcon3, Chat: true, Licence: tiiLicence, Bytes: 1_360_000_000, Languages: falcons, shape: falcon1B, head: model.BF16},
	{ID: "tiiuae/Falcon3-3B-Instruct-1.58bit", Family: Falcon3, Chat: true, Licence: tiiLicence, Bytes: 2_220_000_000, Languages: falcons, shape: falcon3B, head: model.BF16},
	{ID: "tiiuae/Falcon3-7B-Instruct-1.58bit", Family: Falcon3, Chat: true, Licence: tiiLicence, Bytes: 3_270_000_000, Languages: falcons, shape: falcon7B, head: model.BF16},
	{ID: "tiiuae/Falcon3-10B-Instruct-1.58bit", Family: Falcon3, Chat: true, Licence: tiiLicence, Bytes: 3_990_000_000, Languages: falcons, shape: falcon10B, head: model.BF16},

	{ID: "SpectraSuite/TriLM_3.9B_Unpacked", Family: TriLM, Licence: apache, Bytes: 8_000_000_000, Secondhand: true, Languages: english},
}

// Known is the public model of a repository, nil where it is none of Publics.
func Known(id string) *Public {
	for i := range Publics {
		if Publics[i].ID == id {
			return &Publics[i]
		}
	}
	return nil
}
