package chat

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"tern/app/chat/document"
	"tern/inference"
	"tern/tokenizer"
)

// errNothing is the failure to continue an empty document with a vocabulary
// that has no token to start from.
var errNothing = errors.New("chat: the document is empty and the vocabulary has no token that starts a text")

// errNoChat is the failure to answer messages with a model that continues texts.
var errNoChat = errors.New("chat: the model has no chat template")

// story returns the ids of a document as a text that goes on.
func (c *Controller) story(d document.Document) ([]int32, error) {
	tok := c.engine.Tokenizer()
	ids := encode(d, tok, c.vocab)
	if len(ids) == 0 {
		ids = start(tok)
	}
	if ids == nil {
		return nil, errNothing
	}
	return ids, nil
}

// messageIDs returns the ids of a document as messages, up to where the model
// writes: behind the last message, or in the answer that is the last. t has the
// system prompt.
func (c *Controller) messageIDs(t *conversation, d document.Document) ([]int32, error) {
	tok := c.engine.Tokenizer()
	list := messages(d, c.vocab)
	n := len(list)
	if n == 0 {
		return nil, errNothing
	}
	var begun []int32
	if last := list[n-1]; last.Role == inference.RoleAssistant {
		list = list[:n-1]
		if begun = last.IDs; begun == nil {
			begun = tok.EncodeContinuation(last.Content)
		}
	}
	system := c.systemOf(t)
	asked := list
	if system != "" {
		asked = append([]inference.Message{{Role: inference.RoleSystem, Content: system}}, list...)
	}
	ids, err := c.engine.Chat(asked, true)
	if errors.Is(err, inference.ErrTemplate) && len(list) > 0 && list[0].Role == inference.RoleUser {
		// Some templates refuse a system message: then the first message begins with it.
		if system != "" {
			first := slices.Clone(list)
			first[0].Content = system + "\n\n" + first[0].Content
			ids, err = c.engine.Chat(first, true)
		}
	}
	return append(ids, begun...), err
}

// systemOf is the system prompt of a conversation.
func (c *Controller) systemOf(t *conversation) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.TrimSpace(t.system)
}

// finish leaves an answer so that it can be continued: without it where it has
// no text, without the beginning of a character that its last token began, and
// with ids that spell its text where a stop text was cut off it. A message that
// a stop text ended does not end in white space either: that belonged to what
// would have followed.
func (c *Controller) finish(j *job) {
	a, t := j.answer, j.talk
	c.change(func(*View) {
		stop := t.figures.Stop
		a.By.Stop, a.By.StopText = stop, t.figures.StopText
		text := a.Text()
		cut := strings.TrimSuffix(text, "\uFFFD")
		before := t.document.WithoutLast()
		if t.mode == ChatMode && stop == StoppedByText {
			cut = cut[:a.Lead] + strings.TrimRightFunc(cut[a.Lead:], unicode.IsSpace)
		}
		switch {
		case len(cut) == a.Lead:
			t.document = before
			return
		case cut != text:
			a = a.Cut(c.newID(), cut)
			t.document = before.With(a)
		case stop != StoppedByText:
			return
		}
		trim(a, j.tok, t.mode == StoryMode && len(before.Segments) == 0)
	})
}

// start returns the ids to start a text from where there is no text and the
// vocabulary wants no BOS before one; nil if it has nothing of the kind.
func start(tok tokenizer.Tokenizer) []int32 {
	if bos, _ := tok.BOS(); bos >= 0 {
		return []int32{bos}
	}
	if eos := tok.EOS(); eos >= 0 {
		return []int32{eos}
	}
	return nil
}

// unread is how many of ids a session that holds tokens has to evaluate: those
// behind the common prefix, the last one always.
func unread(tokens, ids []int32) int {
	n := 0
	for n < len(tokens) && n < len(ids)-1 && tokens[n] == ids[n] {
		n++
	}
	return len(ids) - n
}
