package checkpoint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tern/model"
	"tern/model/pyjson"
)

// hfConfig is the part of a Hugging Face config.json that says how to compute.
// A pointer is nil where the file has no such key, or null.
type hfConfig struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`

	HiddenSize       int      `json:"hidden_size"`
	IntermediateSize int      `json:"intermediate_size"`
	Layers           int      `json:"num_hidden_layers"`
	Heads            int      `json:"num_attention_heads"`
	KVHeads          *int     `json:"num_key_value_heads"`
	HeadDim          *int     `json:"head_dim"`
	VocabSize        int      `json:"vocab_size"`
	MaxPositions     *int     `json:"max_position_embeddings"`
	NormEps          *float32 `json:"rms_norm_eps"`
	HiddenAct        *string  `json:"hidden_act"`
	TieEmbeddings    *bool    `json:"tie_word_embeddings"`
	BOS              tokenIDs `json:"bos_token_id"`
	EOS              tokenIDs `json:"eos_token_id"`

	RopeTheta      *float64 `json:"rope_theta"`
	RopeScaling    *hfRope  `json:"rope_scaling"`
	RopeParameters *hfRope  `json:"rope_parameters"` // both of the above, in newer files

	OriginalPositions *int `json:"original_max_position_embeddings"`

	// Scales of MiniCPM.
	ScaleEmb     *float64 `json:"scale_emb"`
	ScaleDepth   *float64 `json:"scale_depth"`
	DimModelBase *float64 `json:"dim_model_base"`

	// Of linear attention.
	LayerTypes       []string `json:"layer_types"`
	FullInterval     *int     `json:"full_attention_interval"`
	LinearKeyHeads   int      `json:"linear_num_key_heads"`
	LinearValueHeads int      `json:"linear_num_value_heads"`
	LinearKeyDim     int      `json:"linear_key_head_dim"`
	LinearValueDim   int      `json:"linear_value_head_dim"`
	LinearKernel     int      `json:"linear_conv_kernel_dim"`
	OutputGate       *bool    `json:"attn_output_gate"`

	Quantization *hfQuant `json:"quantization_config"`

	// What no family that Tern runs may have.
	AttentionBias bool     `json:"attention_bias"`
	MLPBias       bool     `json:"mlp_bias"`
	SlidingWindow *int     `json:"sliding_window"`
	UseWindow     *bool    `json:"use_sliding_window"`
	PartialRotary *float64 `json:"partial_rotary_factor"`
	NumExperts    int      `json:"num_experts"`
	LocalExperts  int      `json:"num_local_experts"`
	RoutedExperts int      `json:"n_routed_experts"`
}

// hfRope is rope_scaling or rope_parameters.
type hfRope struct {
	Type    string   `json:"rope_type"`
	OldType string   `json:"type"`
	Factor  *float64 `json:"factor"`
	Theta   *float64 `json:"rope_theta"`
	Partial *float64 `json:"partial_rotary_factor"`

	Original  *int      `json:"original_max_position_embeddings"`
	BetaFast  *float64  `json:"beta_fast"`
	BetaSlow  *float64  `json:"beta_slow"`
	Attention *float64  `json:"attention_factor"`
	MScale    *float64  `json:"mscale"`
	MScaleAll *float64  `json:"mscale_all_dim"`
	Truncate  *bool     `json:"truncate"`
	Sections  []int     `json:"mrope_section"`     // equal in texts
	Interlace *bool     `json:"mrope_interleaved"` // likewise
	Long      []float32 `json:"long_factor"`
	Short     []float32 `json:"short_factor"`
}

// hfQuant is quantization_config.
type hfQuant struct {
	Method      string   `json:"quant_method"`
	LinearClass string   `json:"linear_class"`
	Mode        string   `json:"quantization_mode"`
	UseRMSNorm  bool     `json:"use_rms_norm"`
	RMSNormEps  *float32 `json:"rms_norm_eps"`
	Exclude     []string `json:"modules_to_not_convert"`
}

// tokenIDs is an id, a list of ids, or null; what else stands there is passed over.
type tokenIDs []int64

func (ids *tokenIDs) UnmarshalJSON(raw []byte) error {
	list := []json.RawMessage{raw}
	if len(raw) > 0 && raw[0] == '[' {
		list = nil
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
	}
	*ids = nil
	for _, raw := range list {
		// The reference compares ids with what it finds here: a text is none,
		// unless somebody put a number into quotes.
		id, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
		if err == nil {
			*ids = append(*ids, id)
		}
	}
	return nil
}

// quantization says how the linears of a checkpoint are stored.
type quantization struct {
	float   floatForm // what float weights without a weight_scale mean
	int8    bool      // ternary projections take int8 activations
	divide  bool      // y = acc/(weight_scale·s) instead of acc·weight_scale/s
	exclude []string  // substrings of the paths of modules that stay float
	assumed bool      // config.json does not say
	sees    bool      // there are tensors of a vision part
	notes   []string  // on keys of config.json that nobody reads
	long    []float32 // factors of longrope
	short   []float32
	rmsNorm bool // each quantised linear owns a norm of its input
	normEps float32
}

// noteAssumed says which keys of config.json are passed over, and what scales are
// taken for where it does not say.
func (m *opening) noteAssumed(list []binding, q *quantization) {
	m.Notes = append(m.Notes, q.notes...)
	if q.assumed && slices.ContainsFunc(list, func(b binding) bool { return b.scale != nil }) {
		how := "multiply, as those of the published files do"
		if q.divide {
			how = "divide, as transformers takes them unless it is told otherwise"
		}
		m.Notes = append(m.Notes, "config.json has no quantization_config; the scales of the weights are taken to "+how+".")
	}
}

// floatForm is what a float weight without a weight_scale is.
type floatForm uint8

const (
	floatOffline floatForm = iota // incomplete: the scale is missing
	floatLatent                   // training weights, to be ternarised
	floatPlain                    // an ordinary float model
)

// parseConfig reads config.json. The tie of head and embedding is nil where
// the file does not say.
func parseConfig(raw []byte) (c model.Config, q quantization, tied *bool, err error) {
	raw, sees := textPart(raw)
	var h hfConfig
	if err := pyjson.Unmarshal(raw, &h); err != nil {
		return c, q, nil, fmt.Errorf("model: config.json: %w: %w", err, model.ErrDamaged)
	}
	a, err := findHF(&h)
	if err != nil {
		return c, q, nil, err
	}
	if err := h.refuse(a); err != nil {
		return c, q, nil, err
	}
	c = a.Base
	c.BOS = -1
	c.Layers, c.Dim, c.FFNDim = h.Layers, h.HiddenSize, h.IntermediateSize
	c.Heads, c.KVHeads = h.Heads, or(h.KVHeads, h.Heads)
	c.VocabSize, c.ContextLen = h.VocabSize, or(h.MaxPositions, 2048)
	c.NormEps = or(h.NormEps, c.NormEps)
	c.RopeTheta = or(h.RopeTheta, c.RopeTheta)
	if h.RopeScaling != nil && h.RopeTheta == nil {
		c.RopeTheta = or(h.RopeScaling.Theta, c.RopeTheta)
	}
	if h.RopeParameters != nil {
		c.RopeTheta = or(h.RopeParameters.Theta, c.RopeTheta)
	}
	switch {
	case h.HeadDim != nil:
		c.HeadDim = *h.HeadDim
	case c.HeadDim != 0: // the class has a size of its own
	case c.Heads <= 0 || c.Dim%c.Heads != 0:
		return c, q, nil, fmt.Errorf("model: config.json: hidden size %d does not divide into %d heads: %w", c.Dim, c.Heads, model.ErrDamaged)
	default:
		c.HeadDim = c.Dim / c.Heads
	}
	if h.HiddenAct != nil {
		var ok bool
		if c.Activation, ok = activationNamed(*h.HiddenAct); !ok {
			return c, q, nil, fmt.Errorf("model: config.json: activation %q is not supported: %w", *h.HiddenAct, model.ErrUnsupported)
		}
	}
	if q, err = h.quantization(a); err != nil {
		return c, q, nil, err
	}
	if c.RopeScaling, q.long, q.short, err = h.rope(&c); err != nil {
		return c, q, nil, err
	}
	if a.readConfig != nil {
		a.readConfig(&h, &c)
	}
	if a.input == alwaysFloat || a.input == bySigns && h.Quantization == nil {
		c.Input = model.InputFloat
	}
	if err := c.Problem(); err != nil {
		return c, q, nil, fmt.Errorf("model: config.json: %w", err)
	}
	if q.notes, err = unheard(raw); err != nil {
		return c, q, nil, err
	}
	if q.sees = sees; sees {
		q.notes = append(q.notes, visionNote)
	}
	if len(h.BOS) > 0 && h.BOS[0] >= 0 && h.BOS[0] < int64(c.VocabSize) {
		c.BOS = int32(h.BOS[0])
	}
	addStops(&c, h.EOS)
	if c.VocabSize == llama3Vocab {
		// Chat turns end with the second, documents with the first; the
		// files of this vocabulary often name only one of them.
		addStops(&c, []int64{128001, 128009}) // <|end_of_text|>, <|eot_id|>
	}
	return c, q, h.TieEmbeddings, nil
}

// llama3Vocab is the size that tells the Llama-3 vocabulary.
const llama3Vocab = 128256

// addStops adds ids that are not there yet. Ids outside the vocabulary (-1 is
// common) can never be sampled and are dropped.
func addStops(c *model.Config, ids []int64) {
	for _, id := range ids {
		if id >= 0 && id < int64(c.VocabSize) && !slices.Contains(c.StopIDs, int32(id)) {
			c.StopIDs = append(c.StopIDs, int32(id))
		}
	}
}

// addGenerationConfig merges the stop ids of a generation_config.json, a file
// that a checkpoint need not have: one that cannot be read is passed over.
func (m *opening) addGenerationConfig(raw []byte) {
	var g struct {
		EOS tokenIDs `json:"eos_token_id"`
	}
	if err := pyjson.Unmarshal(raw, &g); err != nil {
		m.Notes = append(m.Notes, fmt.Sprintf("generation_config.json cannot be read (%v) and is passed over.", err))
	}
	addStops(&m.Config, g.EOS)
}

// refuse names the first feature that would change the computation and that
// Tern does not have.
func (h *hfConfig) refuse(a *Architecture) error {
	unsupported := func(format string, args ...any) error {
		return fmt.Errorf("model: config.json: "+format+": %w", append(args, model.ErrUnsupported)...)
	}
	switch experts := max(h.NumExperts, h.LocalExperts, h.RoutedExperts); {
	case experts > 0:
		return unsupported("a mixture of %d experts is not supported", experts)
	case h.AttentionBias || h.MLPBias:
		return unsupported("linear layers with a bias are not supported")
	case h.SlidingWindow != nil && *h.SlidingWindow > 0 && or(h.UseWindow, true) && *h.SlidingWindow < or(h.MaxPositions, 2048):
		return unsupported("sliding-window attention (%d) is not supported", *h.SlidingWindow)
	case h.OutputGate != nil && *h.OutputGate != a.Base.AttnGate:
		return unsupported("attn_output_gate of %t is not supported", *h.OutputGate)
	case slices.ContainsFunc(h.LayerTypes, func(kind string) bool {
		return kind != "full_attention" && kind != "attention" && (kind != "linear_attention" || !a.GGUF.partialRope)
	}):
		return unsupported("layers of another kind in layer_types are not supported")
	case a.GGUF.partialRope: // a part of each head may be rotated
		return nil
	case h.PartialRotary != nil && *h.PartialRotary != 1:
		return unsupported("rotating only %g of each head is not supported", *h.PartialRotary)
	}
	for _, r := range []*hfRope{h.RopeScaling, h.RopeParameters} {
		if r != nil && len(r.Sections) > 0 {
			return unsupported("rope_parameters.mrope_section, positions of several parts, is not supported")
		}
		if r != nil && r.Partial != nil && *r.Partial != 1 {
			return unsupported("rotating only %g of each head is not supported", *r.Partial)
		}
	}
	return nil
}

// activationNamed finds an activation by a name that files use.
func activationNamed(name string) (a model.Activation, ok bool) {
	switch name {
	case "silu", "swish":
		return model.SiLU, true
	case "relu2":
		return model.ReLU2, true
	}
	return 0, false
}

// quantization interprets quantization_config with the defaults of
// transformers' BitNetQuantConfig. Without one, the architecture says what
// float weights are and, should its tensors turn out to be packed, what their
// scales are for.
func (h *hfConfig) quantization(a *Architecture) (quantization, error) {
	c := h.Quantization
	if c == nil {
		return quantization{float: a.float, divide: !a.scaleMultiplies, assumed: true}, nil
	}
	unsupported := func(key, value string) error {
		return fmt.Errorf("model: config.json: %s %q is not supported: %w", key, value, model.ErrUnsupported)
	}
	if c.Method != "bitnet" {
		return quantization{}, unsupported("quantisation method", c.Method)
	}
	q := quantization{exclude: c.Exclude, rmsNorm: c.UseRMSNorm, normEps: or(c.RMSNormEps, 1e-6)}
	switch c.LinearClass {
	case "autobitlinear":
	case "bitlinear", "":
		q.divide = true
	default:
		return q, unsupported("linear_class", c.LinearClass)
	}
	switch c.Mode {
	case "online":
		if !q.divide { // has no meaning for bitlinear, whose weights are packed
			q.float = floatLatent
		}
	case "offline", "":
	default:
		return q, unsupported("quantization_mode", c.Mode)
	}
	if !(q.normEps >= 0 && q.normEps < 1) {
		return q, fmt.Errorf("model: config.json: rms_norm_eps of quantization_config is %g: %w", q.normEps, model.ErrDamaged)
	}
	return q, nil
}

// or is *p, or fallback where p is nil.
func or[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
