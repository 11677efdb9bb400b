package chat

import (
	"time"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/history"
	"tern/app/settings"
)

// conversation is one in memory: all its versions, and what belongs to it alone.
// It is part of the desk, whose rules hold for it.
type conversation struct {
	id         string // of its file
	title      string // the user's, empty for none
	created    time.Time
	changed    time.Time // the text was
	saved      bool      // there is a file
	dirty      bool      // the file is not as this is
	story      bool      // a model that chats is to continue the text
	system     string
	draft      string
	generation *settings.Generation // nil: none was chosen
	mode       Mode
	tree       document.Tree
	document   document.Document   // the version that is shown
	undo       []document.Document // versions to come back to, the newest last
	figures    Figures
}

// maxUndo is how many versions of the document are kept. They share their text.
const maxUndo = 100

func newConversation() *conversation {
	now := time.Now()
	return &conversation{id: history.NewID(now), created: now, changed: now, document: document.New()}
}

// readConversation is the conversation of a file.
func readConversation(f *history.Conversation, newID func() int) *conversation {
	t := &conversation{
		id: f.ID, title: f.Title, created: f.Created, changed: f.Changed, saved: true, story: f.Story,
		system: f.System, draft: f.Draft, generation: f.Generation,
	}
	if f.Chat {
		t.mode = ChatMode
	}
	t.tree, t.document = document.Read(f, newID)
	return t
}

// view is what a window shows of the conversation.
func (t *conversation) view() ConversationView {
	v := ConversationView{
		ID: t.id, Title: t.title, System: t.system, Draft: t.draft, AsStory: t.story,
		Mode: t.mode, Document: t.tree.View(t.document), Figures: t.figures,
		CanRetry: t.document.Answer >= 0, CanUndo: len(t.undo) > 0,
	}
	if t.generation != nil {
		own := *t.generation
		v.Generation = &own
	}
	return v
}

// file returns the conversation as a file holds it.
func (t *conversation) file() *history.Conversation {
	f := &history.Conversation{
		ID: t.id, Title: t.title, Created: t.created, Changed: t.changed, Story: t.story, System: t.system,
		Draft: t.draft, Generation: t.generation, Chat: t.mode == ChatMode,
	}
	f.Messages, f.Leaf = t.tree.Messages(t.document, t.mode)
	return f
}

// takeUnsaved reports whether the conversation is to be saved, and counts it as saved. Unsent words
// alone are kept when the user leaves them.
func (t *conversation) takeUnsaved(leaving bool) bool {
	if !t.dirty {
		return false
	}
	if !t.saved && t.wordless() && (!leaving || t.draft == "") {
		return false
	}
	t.saved, t.dirty = true, false
	return true
}

// wordless reports whether no version has a message.
func (t *conversation) wordless() bool {
	list, _ := t.tree.Messages(t.document, t.mode)
	return len(list) == 0
}

// remember keeps the document for Undo.
func (t *conversation) remember() {
	t.undo = append(t.undo, t.document)
	t.undo = t.undo[max(0, len(t.undo)-maxUndo):]
}

// setMode picks story or chat mode where nothing was written yet, for the open model or nil, and
// shows the document so.
func (t *conversation) setMode(open *backend.Info, newID func() int) {
	switch {
	case t.story:
		t.mode = StoryMode
	case len(t.document.Segments) == 0 && open != nil:
		t.mode = StoryMode
		if open.Template != "" {
			t.mode = ChatMode
		}
	}
	if t.mode == ChatMode {
		swap := t.tree.AsMessages(newID)
		t.document = swap(t.document)
		for i := range t.undo {
			t.undo[i] = swap(t.undo[i])
		}
	}
}

// restoreFigures sets the figures of an answer that was written earlier, and the reason why it
// ended, which tells how it can go on.
func (t *conversation) restoreFigures() {
	n := len(t.document.Segments)
	if n == 0 || t.document.Segments[n-1].Author != Model {
		return
	}
	by, f := t.document.Segments[n-1].By, &t.figures
	f.Seed, f.Rate, f.FirstToken, f.Generated = by.Seed, by.Rate, by.FirstToken, by.Tokens
	g := by.Generation
	if g == nil {
		g = t.generation
	}
	switch {
	case by.Stop == ReachedLength && g != nil:
		f.Stop, f.MaxTokens = by.Stop, g.MaxTokens
	case by.Stop == StoppedByText && by.StopText != "":
		f.Stop, f.StopText = by.Stop, by.StopText
	case by.Stop == StoppedByUser, by.Stop == EndedByItself, by.Stop == ContextFull:
		f.Stop = by.Stop
	}
}
