package remote

import (
	"encoding/json"
	"strings"

	"tern/inference/answer"
	"tern/inference/chattemplate"
)

// Part is what one event adds to an answer: something said, something thought, or a
// call of a tool.
type Part struct {
	Thought bool // Text is not for the answer
	Text    string
	Call    *Call
}

// Call is a tool that the model asks for.
type Call struct {
	ID, Name  string
	Arguments string // a JSON object
}

// delta is what an event adds, in the words of llama-server, vLLM and Ollama.
type delta struct {
	Content   string `json:"content"`
	Reasoning string `json:"reasoning_content"` // llama-server, older vLLM, Tern
	Thinking  string `json:"reasoning"`         // Ollama, newer vLLM
	ToolCalls []struct {
		Index    int    `json:"index"`
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

// maxCalls bounds the calls of one answer.
const maxCalls = 128

// markers are those of models whose server leaves their thoughts in the text. No server
// says which of them its model has: the beginning of an answer does.
var markers = []*chattemplate.Format{
	{Open: "<think>", Close: "</think>"}, // what most have stands first
	{Open: "<thinking>", Close: "</thinking>"},
	{Open: "<thought>", Close: "</thought>"},
	{Open: "<reasoning>", Close: "</reasoning>"},
	{Open: "[THINK]", Close: "[/THINK]"},                            // Magistral
	{Open: "<seed:think>", Close: "</seed:think>"},                  // Seed-OSS
	{Open: "<|START_THINKING|>", Close: "<|END_THINKING|>"},         // Command A
	{Open: "<|begin_of_thought|>", Close: "<|end_of_thought|>"},     // Sky-T1
	{Open: "<|channel|>analysis<|message|>", Close: harmonyClosing}, // gpt-oss
}

const harmonyClosing = "<|end|><|start|>assistant<|channel|>final<|message|>"

// markersOf are those that an answer begins with, the usual ones where it begins with none,
// and nil while more of it has to tell.
func markersOf(begun string, last bool) *chattemplate.Format {
	begun = strings.TrimLeft(begun, " \t\r\n")
	wait := false
	for _, f := range markers {
		if strings.HasPrefix(begun, f.Open) {
			return f
		}
		wait = wait || strings.HasPrefix(f.Open, begun)
	}
	if wait && !last {
		return nil
	}
	return markers[0]
}

// parts puts the parts of an answer together.
type parts struct {
	piece func(Part) bool
	chat  bool             // else a text goes on, which has no thoughts
	begun string           // of the answer, until it tells its markers,
	split *answer.Splitter // which then splits it
	calls []*Call          // until the answer ends
	apart bool             // the server tells thoughts apart
	left  bool             // piece returned false
}

func newParts(chat bool, piece func(Part) bool) *parts {
	return &parts{piece: piece, chat: chat}
}

func (p *parts) give(part Part) {
	if part.Text != "" || part.Call != nil {
		p.left = p.left || !p.piece(part)
	}
}

// add takes what an event adds, and reports whether to go on.
func (p *parts) add(d *delta) bool {
	if thought := d.Reasoning + d.Thinking; thought != "" {
		if d.Reasoning == d.Thinking { // some say it by both names
			thought = d.Reasoning
		}
		p.apart = true
		p.give(Part{Thought: true, Text: thought})
	}
	switch {
	case d.Content == "":
	case !p.chat || p.apart:
		p.give(Part{Text: d.Content})
	default:
		p.say(d.Content, false)
	}
	for _, c := range d.ToolCalls {
		if c.Index < 0 || c.Index >= maxCalls {
			continue
		}
		for len(p.calls) <= c.Index {
			p.calls = append(p.calls, &Call{})
		}
		to := p.calls[c.Index]
		if c.ID != "" {
			if to.ID != "" && to.ID != c.ID { // Ollama numbers calls of several events alike
				to = &Call{}
				p.calls = append(p.calls, to)
			}
			to.ID = c.ID
		}
		to.Name += c.Function.Name
		to.Arguments += c.Function.Arguments
	}
	return !p.left
}

// say splits what a chat says.
func (p *parts) say(text string, last bool) {
	if p.split == nil {
		p.begun += text
		f := markersOf(p.begun, last)
		if f == nil {
			return
		}
		p.split, text = answer.New(f, answer.Options{}), p.begun
	}
	p.pieces(p.split.Push(text))
}

func (p *parts) pieces(list []answer.Piece) {
	for _, x := range list {
		p.give(Part{Thought: x.Kind == answer.Thought, Text: x.Text})
	}
}

// close gives what is left at the end of an answer.
func (p *parts) close() {
	if p.chat {
		p.say("", true)
		p.pieces(p.split.Close())
	}
	for _, c := range p.calls {
		if c.Name != "" {
			p.give(Part{Call: c})
		}
	}
}

// Words is the text of a part; a call is written as most models write it.
func (p Part) Words() string {
	if p.Call == nil {
		return p.Text
	}
	arguments := json.RawMessage(p.Call.Arguments)
	if !json.Valid(arguments) {
		arguments, _ = json.Marshal(p.Call.Arguments) // a string can be written
	}
	var b strings.Builder
	b.WriteString("<tool_call>\n")
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(struct { // these can be written
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	}{p.Call.Name, arguments})
	b.WriteString("</tool_call>\n")
	return b.String()
}
