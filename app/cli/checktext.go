package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"tern/inference"
	"tern/tokenizer"
)

// paragraph is what the perplexity is measured on: plain English of short
// sentences, which a model of stories and a model of everything both know.
const paragraph = `Anna lived with her father in a small house near the sea. Every morning she went down to the beach with her dog to look for shells. One day the wind was strong and the waves were high. The dog ran ahead and began to bark at something in the sand. Anna came closer and saw a little bird with a hurt wing. "Do not be afraid," she said. She put the bird in her hat and carried it home. Her father made a warm bed for it in a box. They gave it water and bread, and after a week it could fly again. Anna opened the window and the bird flew out over the sea. She was sad for a moment, but then she smiled. The next morning the bird sat on the fence and sang for her.`

const (
	samplePrompt = "Once upon a time"
	sampleTokens = 32
)

// sample is a greedy continuation.
type sample struct {
	Prompt string               `json:"prompt"`
	Text   string               `json:"text"` // the continuation alone
	IDs    []int32              `json:"ids"`
	Stop   inference.StopReason `json:"stop"`
}

// roundTrips are texts that a tokenizer should give back; the first plainTexts
// of them it must.
var roundTrips = []string{
	paragraph, samplePrompt,
	" leading and trailing ", "two  spaces, three   spaces", "one\ntwo\n\nthree\ttab",
	"naïve café, Ünïcödé, 東京, привет, שלום", "🙂👩‍👩‍👧 and 1234567890", "</s> <|eot_id|> <0x41>",
}

const plainTexts = 2

func (r *checkResult) checkTokenizer(e *inference.Engine) {
	t, vocab := e.Tokenizer(), e.Model().VocabSize
	v, detail := good, fmt.Sprintf("%s of %d tokens, texts come back unchanged", t.Kind(), t.VocabSize())
	for i, text := range roundTrips {
		ids := t.Encode(text)
		for _, id := range ids {
			if int(id) >= vocab {
				r.add("tokenizer", bad, "token %d lies outside the model's vocabulary of %d", id, vocab)
				return
			}
		}
		if back := tokenizer.Decode(t, ids); back != text {
			// A vocabulary may lack what is rare, but not plain English.
			v, detail = doubtful, fmt.Sprintf("%.40q comes back as %.40q", text, back)
			if i < plainTexts {
				v = bad
			}
			break
		}
	}
	r.add("tokenizer", v, "%s", detail)
	r.checkStops(e)
	r.checkTemplate(e)
}

// checkTemplate tells how a chat with the model is rendered. That a base model
// is not made for chats is no fault.
func (r *checkResult) checkTemplate(e *inference.Engine) {
	name, ok := e.ChatTemplate()
	_, err := e.Chat([]inference.Message{{Role: inference.RoleUser, Content: question}}, true)
	switch {
	case ok && err == nil:
		r.add("template", good, "%s", name)
	case errors.Is(err, inference.ErrNoTemplate):
		r.add("template", good, "none: a base model, which continues texts")
	default:
		r.add("template", doubtful, "%v", err)
	}
}

// endMarkers end a text or an answer in the known vocabularies.
var endMarkers = []string{"</s>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|im_end|>", "<|end|>"}

// checkStops looks for markers in the vocabulary at which the model would not
// be stopped.
func (r *checkResult) checkStops(e *inference.Engine) {
	t, m := e.Tokenizer(), e.Model()
	stops := m.StopIDs
	if eos := t.EOS(); eos >= 0 && !slices.Contains(stops, eos) {
		stops = append(slices.Clip(stops), eos)
	}
	var missing []string
	for _, marker := range endMarkers {
		if id, ok := t.Special(marker); ok && !slices.Contains(stops, id) {
			missing = append(missing, fmt.Sprintf("%s (%d)", marker, id))
		}
	}
	switch {
	case len(stops) == 0:
		r.add("stop ids", bad, "none are known: the text never ends by itself")
	case len(missing) > 0:
		r.add("stop ids", doubtful, "%s would not end the text; add it to eos_token_id in generation_config.json", some(missing))
	default:
		r.add("stop ids", good, "%v", stops)
	}
}

func (r *checkResult) checkSample(ctx context.Context, e *inference.Engine) error {
	session, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		return err
	}
	r.Sample = &sample{Prompt: samplePrompt, IDs: []int32{}}
	var text strings.Builder
	control := ""
	for event, err := range session.Generate(ctx, e.Prompt(samplePrompt), inference.GenerateOptions{MaxTokens: sampleTokens}) {
		switch {
		case errors.Is(err, inference.ErrNonFinite):
			r.add("sample", bad, "the logits are not finite")
			return nil
		case err != nil:
			return err
		}
		switch event.Kind {
		case inference.EventToken:
			r.Sample.IDs = append(r.Sample.IDs, event.ID)
			text.WriteString(event.Text)
			if len(e.Tokenizer().Bytes(event.ID)) == 0 {
				control = fmt.Sprintf("%s (%d)", e.Tokenizer().Literal(event.ID), event.ID)
			}
		case inference.EventDone:
			r.Sample.Stop = event.Stop
		}
	}
	r.Sample.Text = text.String()
	ids := slices.Compact(slices.Sorted(slices.Values(r.Sample.IDs)))
	switch n := len(r.Sample.IDs); {
	case control != "":
		r.add("sample", doubtful, "it contains the control token %s: it may belong to the stop ids", control)
	case n >= sampleTokens/2 && len(ids) <= n/8:
		r.add("sample", bad, "%d tokens, of them %d different ones", n, len(ids))
	default:
		r.add("sample", good, "%d tokens, of them %d different ones", n, len(ids))
	}
	return ctx.Err()
}

// Perplexities of the paragraph: a model that can write stays below
// goodPerplexity; half the vocabulary's size is next to guessing.
const goodPerplexity = 150

func (r *checkResult) checkPerplexity(ctx context.Context, e *inference.Engine, text string, progress *meter) error {
	t := e.Tokenizer()
	ids := t.Encode(text)
	p, err := perplexity(ctx, e, startOf(t), ids)
	if err != nil {
		return err
	}
	r.Perplexity = finite(p)
	switch vocab := e.Model().VocabSize; {
	case r.Perplexity == nil:
		r.add("perplexity", bad, "it is not a number")
	case p < goodPerplexity:
		r.add("perplexity", good, "%.4g over %d tokens", p, len(ids))
	case p < float64(vocab)/2:
		r.add("perplexity", doubtful, "%.4g over %d tokens; a model that can write stays below %d", p, len(ids), goodPerplexity)
	default:
		r.add("perplexity", bad, "%.4g over %d tokens, where guessing gives %d", p, len(ids), vocab)
	}
	return r.findCause(ctx, e, ids, p, progress)
}

// startOf is what the tokenizer puts in front of a text.
func startOf(t tokenizer.Tokenizer) []int32 {
	if bos, add := t.BOS(); add {
		return []int32{bos}
	}
	return nil
}

// perplexity is exp of the mean negative log-likelihood of ids, given prefix
// and those before them, as many as the context holds. It is NaN where there is
// nothing to predict.
func perplexity(ctx context.Context, e *inference.Engine, prefix, ids []int32) (float64, error) {
	session, err := e.NewSession(inference.SessionOptions{KV: inference.KVF32})
	if err != nil {
		return 0, err
	}
	all := slices.Concat(prefix, ids)
	all = all[:min(len(all), session.Context())]
	first := max(len(prefix), 1) // the first id that is predicted
	if len(all) <= first {
		return math.NaN(), nil
	}
	sum := 0.0
	err = session.EachLogits(ctx, all, func(pos int, logits []float32) error {
		if next := pos + 1; next >= first && next < len(all) {
			sum -= logLikelihood(logits, all[next])
		}
		return nil
	})
	return math.Exp(sum / float64(len(all)-first)), err
}

// logLikelihood is the log of the softmax of logits at id.
func logLikelihood(logits []float32, id int32) float64 {
	top := float64(slices.Max(logits)) // NaN if any is
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return float64(logits[id]) - top - math.Log(sum)
}

// finite returns nil for what JSON cannot write.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
