package inference

import (
	"context"
	"fmt"
	"math"

	"tern/inference/sampling"
)

// MaxAlternatives bounds GenerateOptions.Alternatives.
const MaxAlternatives = 100

// TokenLogprobs is what the model thought of a token that was chosen: its probability
// among all tokens, and that of the most likely ones. It is computed from the
// logits as the model gave them, at temperature 1: the repetition penalty, top-k,
// top-p, min-p and the temperature, which decide what can be drawn, are not in it.
// The zero value says nothing: no alternatives were asked for.
type TokenLogprobs struct {
	LogProb float64      // natural logarithm of the token's probability
	Rank    int          // 1 for the most likely token; equal ones in the order of their ids
	Entropy float64      // of the whole distribution, in bits
	Top     []TopLogprob // the most likely tokens, the most likely first
}

// TopLogprob is a token that could have been chosen.
type TopLogprob struct {
	ID      int32
	LogProb float64
}

// Prob is the token's probability.
func (c *TokenLogprobs) Prob() float64 { return math.Exp(c.LogProb) }

// Surprise is the token's information in bits: 0 for one that is certain, 1 more
// each time that the probability halves.
func (c *TokenLogprobs) Surprise() float64 { return max(0, -c.LogProb/math.Ln2) }

// Prob is the alternative's probability.
func (a TopLogprob) Prob() float64 { return math.Exp(a.LogProb) }

// negligible is how far below the largest logit a token's share of the sum, below
// 2⁻⁵⁷, is lost in float64 even from the largest vocabulary.
const negligible = 60

// choiceOf looks at logits, which must be finite, after id was chosen from them.
// n is how many alternatives to return. All it allocates is their list.
//
// With d = logit - largest and Z = Σ exp(d), ln p = d - ln Z and the entropy
// -Σ p·ln p is ln Z - Σ exp(d)·d / Z.
func choiceOf(logits []float32, id int32, n int) TokenLogprobs {
	c := TokenLogprobs{Rank: 1, Top: make([]TopLogprob, 0, min(n, len(logits)))}
	chosen, top := logits[id], logits[sampling.Argmax(logits)]
	worst := float32(math.Inf(-1)) // of the list, once it is full
	var sum, weighted float64
	for i, l := range logits {
		if l > chosen || l == chosen && int32(i) < id {
			c.Rank++
		}
		if l > worst || len(c.Top) < cap(c.Top) {
			c.Top = insert(c.Top, TopLogprob{int32(i), float64(l)})
			if len(c.Top) == cap(c.Top) {
				worst = float32(c.Top[len(c.Top)-1].LogProb)
			}
		}
		if d := float64(l) - float64(top); d > -negligible {
			e := math.Exp(d)
			sum += e
			weighted += e * d
		}
	}
	logZ := math.Log(sum)
	c.Entropy = max(0, logZ-weighted/sum) / math.Ln2
	c.LogProb = float64(chosen) - float64(top) - logZ
	for i := range c.Top {
		c.Top[i].LogProb = c.Top[i].LogProb - float64(top) - logZ
	}
	return c
}

// insert puts a after all that are at least as likely, and drops the last one
// where the list is full.
func insert(list []TopLogprob, a TopLogprob) []TopLogprob {
	if len(list) < cap(list) {
		list = append(list, a)
	}
	i := len(list) - 1
	for ; i > 0 && list[i-1].LogProb < a.LogProb; i-- {
		list[i] = list[i-1]
	}
	list[i] = a
	return list
}

// Logprobs tells what the model thinks of tokens that are already there: it calls
// yield with the TokenLogprobs of each of ids[from:], in order, as Generate would have
// given it with n alternatives. from is at least 1, since nothing comes before
// the first id. What the session already holds of ids[:from-1] is not computed
// again, and afterwards it holds all ids but the last. An error of yield ends it
// and is returned.
func (s *Session) Logprobs(ctx context.Context, ids []int32, from, n int, yield func(pos int, c TokenLogprobs) error) error {
	if from < 1 || from >= len(ids) {
		return fmt.Errorf("inference: choices from position %d of %d", from, len(ids))
	}
	if err := s.check(ids, len(ids)-1); err != nil {
		return err
	}
	n = min(n, MaxAlternatives)
	if from > 1 {
		reused := min(s.Common(ids), from-1)
		s.Rewind(reused)
		if len(s.tokens) < from-1 {
			if _, err := s.sync(ctx, ids[:from-1], logitsNone, nil); err != nil {
				return err
			}
		}
	} else {
		s.Rewind(0)
	}
	return s.eachLogits(ctx, ids[:len(ids)-1], func(pos int, logits []float32) error {
		if !sampling.Finite(logits) {
			return ErrNonFinite
		}
		return yield(pos+1, choiceOf(logits, ids[pos+1], n))
	})
}
