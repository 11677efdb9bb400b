package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"tern/inference"
	"tern/inference/answer"
	"tern/inference/sampling"
)

// recommend makes settings that were not given those that the model's makers
// recommend, and says so. Who asks for the most likely token gets that.
func (f *flags) recommend(s Streams, p *inference.Sampling, values map[string]float64) {
	own, ok := sampling.Recommended(values)
	if !ok || f.given("temp") && p.Temperature == 0 || f.given("top-k") && p.TopK == 1 {
		return
	}
	var said []string
	for i := range sampling.Fields {
		field := &sampling.Fields[i]
		if f.given(field.Flag) {
			continue
		}
		v := field.Get(own)
		field.Set(p, v)
		if v != field.Off {
			said = append(said, fmt.Sprintf("--%s %g", field.Flag, v))
		}
	}
	if said != nil {
		fmt.Fprintf(s.Err, "as the model's makers recommend: %s\n", strings.Join(said, " "))
	}
}

// level returns the variables of the template for --think.
func (o *runOptions) level(e *inference.Engine) (map[string]json.RawMessage, error) {
	f := e.AnswerFormat()
	if o.think == "" {
		return nil, nil
	}
	if l, ok := f.Level(o.think); ok {
		return l.Variables, nil
	}
	var names []string
	for _, l := range f.Levels {
		names = append(names, l.Name)
	}
	switch {
	case f.Open == "":
		return nil, &hinted{fmt.Errorf("%s does not think", e.Model().Name), "Leave --think out."}
	case names == nil && o.think == "off":
		return nil, nil // a block is closed at once
	case names == nil:
		return nil, &hinted{fmt.Errorf("the chat template of %s has no switch for thinking", e.Model().Name), "Leave --think out, or give off."}
	}
	return nil, &hinted{fmt.Errorf("%q is no level of thinking", o.think), "This model has " + strings.Join(names, ", ") + "."}
}

// shown writes a text as it comes: of a chat the answer to standard output, and what
// the model thinks to standard error.
type shown struct {
	s       Streams
	parts   *answer.Splitter // nil for a text that goes on
	markers map[int32]string
	thought bool // the last piece was one
}

func (o *runOptions) newShown(s Streams, e *inference.Engine) *shown {
	w := &shown{s: s}
	if o.chat {
		f := e.AnswerFormat()
		w.parts = answer.New(f, answer.Options{Begun: o.Thinking.Begun})
		w.markers = answer.Markers(e.Tokenizer(), f)
	}
	return w
}

func (w *shown) token(id int32, text string) error {
	if w.parts == nil {
		_, err := io.WriteString(w.s.Out, text)
		return err
	}
	return w.pieces(w.parts.Push(text + w.markers[id]))
}

func (w *shown) pieces(list []answer.Piece) error {
	for _, p := range list {
		to := w.s.Out
		if p.Kind == answer.Thought {
			to = w.s.Err
			if !w.thought {
				p.Text = "Thinking: " + p.Text
			}
		} else if w.thought {
			fmt.Fprintln(w.s.Err)
		}
		w.thought = p.Kind == answer.Thought
		if _, err := io.WriteString(to, p.Text); err != nil {
			return err
		}
	}
	return nil
}

// close writes what is left.
func (w *shown) close() error {
	if w.parts == nil {
		return nil
	}
	err := w.pieces(w.parts.Close())
	if w.thought {
		fmt.Fprintln(w.s.Err)
	}
	return err
}

// thinking reports whether the text ended in a block of thoughts.
func (w *shown) thinking() bool { return w.parts != nil && w.parts.Thinking() }
