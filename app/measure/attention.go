package measure

import (
	"cmp"
	"context"
)

// PromptAttention is what attention of prompts takes: each head of each token a time of its own,
// more for each position that it looks at, and more for each dimension of these.
type PromptAttention struct {
	Query float64 `json:"query_s"`
	Score float64 `json:"score_s"` // for a position
	MACs  float64 `json:"mac_s"`   // multiply-adds a second
}

// seconds is what so many heads of a token take that look at so many positions.
func (a PromptAttention) seconds(heads int, macs int64, positions float64) float64 {
	return float64(heads)*(a.Query+positions*a.Score) + positions*seconds(macs, a.MACs)
}

// attentionLayers and attentionHeads are those of the models that attention is measured with.
const attentionLayers, attentionHeads = 2, 16

// attentionProbes run attention alone, of tokens after probeDepth others with heads of two
// sizes, and after none. What a whole pass takes more after many tokens than after none is as
// much as the noise of the two.
type attentionProbes struct {
	wide, narrow *prober
	tokens       int
}

func newAttentionProbes(ctx context.Context, threads, tokens int, kind Kind) (a *attentionProbes, err error) {
	a = &attentionProbes{tokens: tokens}
	c := smallProbe
	c.Layers, c.Heads, c.KVHeads, c.ContextLen = attentionLayers, attentionHeads, attentionHeads, probeDepth+probeTokens
	c.HeadDim = 2 * attentionDim
	if a.wide, err = newProber(ctx, c, threads, Kind{KV: kind.KV}); err != nil {
		return nil, err
	}
	c.HeadDim = attentionDim
	if a.narrow, err = newProber(ctx, c, threads, Kind{KV: kind.KV}); err != nil {
		a.wide.engine.Close()
		return nil, err
	}
	a.deep()
	a.half()
	return a, nil
}

func (a *attentionProbes) deep()  { a.wide.attend(probeDepth, a.tokens) }
func (a *attentionProbes) half()  { a.narrow.attend(probeDepth, a.tokens) }
func (a *attentionProbes) short() { a.wide.attend(0, a.tokens) }

func (a *attentionProbes) err() error { return cmp.Or(a.wide.err, a.narrow.err) }

func (a *attentionProbes) close() {
	a.wide.engine.Close()
	a.narrow.engine.Close()
}

func (p *prober) attend(depth, tokens int) { p.do(p.Attention(depth, tokens, 1, attentionLayers)) }

// attentionDim is the smaller of the sizes of heads; the other one is twice as large.
const attentionDim = 64

// attentionOf tells the parts of attention from the times of functions 1 to 3: deep, half and short.
func attentionOf(t timings, tokens int) (a PromptAttention) {
	heads := float64(tokens * attentionLayers * attentionHeads)
	own := float64(tokens+1) / 2 // positions among the tokens, on average
	each := max(t.quantile(3, 4, func(r []float64) float64 { return r[1] - r[3] }), leastShare*t.of(1)) / heads / probeDepth
	dims := max(t.more(1, 2)/heads/(probeDepth+own), each/4) // of attentionDim more
	dims = min(dims, each/2)
	a.Score = each - 2*dims
	a.MACs = 2 * attentionDim / dims
	a.Query = max(0, t.of(3)/heads-own*each)
	return a
}
