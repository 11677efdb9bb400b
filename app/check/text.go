package check

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

// Paragraph is what the perplexity is measured on: plain English of short
// sentences, which a model of stories and a model of everything both know.
const Paragraph = `Anna lived with her father in a small house near the sea. Every morning she went down to the beach with her dog to look for shells. One day the wind was strong and the waves were high. The dog ran ahead and began to bark at something in the sand. Anna came closer and saw a little bird with a hurt wing. "Do not be afraid," she said. She put the bird in her hat and carried it home. Her father made a warm bed for it in a box. They gave it water and bread, and after a week it could fly again. Anna opened the window and the bird flew out over the sea. She was sad for a moment, but then she smiled. The next morning the bird sat on the fence and sang for her.`

const (
	samplePrompt = "Once upon a time"
	sampleTokens = 32
)

// Sample is a greedy continuation.
type Sample struct {
	Prompt string               `json:"prompt"`
	Text   string               `json:"text"` // the continuation alone
	IDs    []int32              `json:"ids"`
	Stop   inference.StopReason `json:"stop"`
}

// RoundTrips are texts that a tokenizer should give back; the first plainTexts
// of them it must.
var RoundTrips = []string{
	Paragraph, samplePrompt,
	" leading and trailing ", "two  spaces, three   spaces", "one\ntwo\n\nthree\ttab",
	"naïve café, Ünïcödé, 東京, привет, שלום", "🙂👩‍👩‍👧 and 1234567890", "</s> <|eot_id|> <0x41>",
}

const plainTexts = 2

func (r *Report) checkTokenizer(e *inference.Engine) {
	t, vocab := e.Tokenizer(), e.Model().VocabSize
	v, detail := Good, fmt.Sprintf("%s of %d tokens, texts come back unchanged", t.Kind(), t.VocabSize())
	for i, text := range RoundTrips {
		ids := t.Encode(text)
		for _, id := range ids {
			if int(id) >= vocab {
				r.add("tokenizer", Bad, "token %d lies outside the model's vocabulary of %d", id, vocab)
				return
			}
		}
		if back := tokenizer.Decode(t, ids); back != text {
			// A vocabulary may lack what is rare, but not plain English.
			v, detail = Doubtful, fmt.Sprintf("%.40q comes back as %.40q", text, back)
			if i < plainTexts {
				v = Bad
			}
			break
		}
	}
	r.add("tokenizer", v, "%s", detail)
	r.checkStops(e)
	r.checkTemplate(e)
}

// checkTemplate tells how a chat with the model is rendered. That a base model
// is not made for chats is not a fault. For a template that cannot be used there may
// be a built-in one whose markers the vocabulary has: it is called for, and taken
// if the user wants it. checkTemplate returns whether the model chats.
func (r *Report) checkTemplate(e *inference.Engine) bool {
	name, ok := e.ChatTemplate()
	_, err := e.Chat([]inference.Message{{Role: inference.RoleUser, Content: question}}, true)
	switch {
	case ok && err == nil:
		r.add("template", Good, "%s", name)
	case errors.Is(err, inference.ErrNoTemplate):
		r.add("template", Good, "none: a base model, which continues texts")
	default:
		r.add("template", Doubtful, "%v", err)
	}
	if errors.Is(err, inference.ErrTemplate) && !errors.Is(err, inference.ErrRefused) {
		for _, t := range templates {
			if t.correction != "" && t.fits(e.Tokenizer()) {
				r.Corrections = append(r.Corrections, t.correction)
				break
			}
		}
	}
	return ok && err == nil
}

// checkStops looks for markers in the vocabulary at which the model would not
// be stopped.
func (r *Report) checkStops(e *inference.Engine) {
	t, m := e.Tokenizer(), e.Model()
	stops := m.StopIDs
	if eos := t.EOS(); eos >= 0 && !slices.Contains(stops, eos) {
		stops = append(slices.Clip(stops), eos)
	}
	var missing []string
	for _, id := range missingStops(t, m) {
		missing = append(missing, fmt.Sprintf("%s (%d)", t.Literal(id), id))
	}
	switch {
	case len(stops) == 0:
		r.add("stop ids", Bad, "none are known: the text never ends by itself")
	case len(missing) > 0:
		r.add("stop ids", Doubtful, "%s would not end the text; add it to eos_token_id in generation_config.json", some(missing))
		r.Corrections = append(r.Corrections, StopMarkers)
	default:
		r.add("stop ids", Good, "%v", stops)
	}
}

func (r *Report) checkSample(ctx context.Context, e *inference.Engine) error {
	session, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		return err
	}
	r.Sample = &Sample{Prompt: samplePrompt, IDs: []int32{}}
	var text strings.Builder
	control := ""
	for event, err := range session.Generate(ctx, e.Prompt(samplePrompt), inference.GenerateOptions{MaxTokens: sampleTokens}) {
		switch {
		case errors.Is(err, inference.ErrNonFinite):
			r.add("sample", Bad, "the logits are not finite")
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
		r.add("sample", Doubtful, "it contains the control token %s: it may belong to the stop ids", control)
	case n >= sampleTokens/2 && len(ids) <= n/8:
		r.add("sample", Bad, "%d tokens, of them %d different ones", n, len(ids))
	default:
		r.add("sample", Good, "%d tokens, of them %d different ones", n, len(ids))
	}
	return ctx.Err()
}

// Bits that a byte of the paragraph takes: a model that can write stays below
// goodBits. From absurdBits on it knows less than how frequent each word is, so it
// is not the model that was trained.
const (
	goodBits   = 2
	absurdBits = 2.5
)

// score is how well a model predicts a text.
type score struct{ perplexity, bits float64 } // of a token; for each byte

// absurd also where it is not a number.
func (s score) absurd() bool { return !(s.bits < absurdBits) }

func (r *Report) checkPerplexity(ctx context.Context, e *inference.Engine, text string, o *Options) error {
	t := e.Tokenizer()
	ids := t.Encode(text)
	p, err := scoreOf(ctx, e, startOf(t), ids)
	if err != nil {
		return err
	}
	r.Perplexity, r.BitsPerByte = Finite(p.perplexity), Finite(p.bits)
	switch vocab := e.Model().VocabSize; {
	case r.Perplexity == nil:
		r.add("perplexity", Bad, "it is not a number")
	case p.bits < goodBits:
		r.add("perplexity", Good, "%.4g over %d tokens, %.3g bits for each byte", p.perplexity, len(ids), p.bits)
	case p.perplexity < float64(vocab)/2:
		r.add("perplexity", Doubtful, "%.4g over %d tokens, %.3g bits for each byte of plain English; a model that can write stays below %d bits", p.perplexity, len(ids), p.bits, goodBits)
	default:
		r.add("perplexity", Bad, "%.4g over %d tokens, where guessing gives %d: %.3g bits for each byte of plain English", p.perplexity, len(ids), vocab, p.bits)
	}
	return r.findCause(ctx, e, r.trials(e, o), ids, p, o)
}

// startOf is what the tokenizer puts in front of a text.
func startOf(t tokenizer.Tokenizer) []int32 {
	if bos, add := t.BOS(); add {
		return []int32{bos}
	}
	return nil
}

// scoreOf scores ids, given prefix and those before them, as many as the context
// holds. It is NaN where there is nothing to predict.
func scoreOf(ctx context.Context, e *inference.Engine, prefix, ids []int32) (score, error) {
	session, err := e.NewSession(inference.SessionOptions{KV: inference.KVF32})
	if err != nil {
		return score{}, err
	}
	all := slices.Concat(prefix, ids)
	all = all[:min(len(all), session.Context())]
	first := max(len(prefix), 1) // the first id that is predicted
	if len(all) <= first {
		return score{math.NaN(), math.NaN()}, nil
	}
	sum, bytes := 0.0, 0
	err = session.EachLogits(ctx, all, func(pos int, logits []float32) error {
		if next := pos + 1; next >= first && next < len(all) {
			sum -= logLikelihood(logits, all[next])
			bytes += len(e.Tokenizer().Bytes(all[next]))
		}
		return nil
	})
	return score{math.Exp(sum / float64(len(all)-first)), sum / math.Ln2 / float64(max(bytes, 1))}, err
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

// Finite returns nil for what JSON cannot write.
func Finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// MaxCompared bounds the ids of a comparison, whose numbers are all kept.
const MaxCompared = 128

// ComparedIDs are the first tokens of the paragraph by the tokenizer of one of
// the models, or arbitrary ids where neither has one.
func ComparedIDs(engines ...*inference.Engine) (ids []int32) {
	m := engines[0].Model()
	for _, e := range engines {
		if ids == nil {
			ids = e.Prompt(Paragraph)
		}
	}
	if ids == nil {
		for i := range min(MaxCompared, m.VocabSize) {
			ids = append(ids, int32(i*7919%m.VocabSize))
		}
	}
	return ids[:min(len(ids), MaxCompared, m.ContextLen)]
}
