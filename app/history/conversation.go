// Package history keeps conversations: one JSON file each, in one folder,
// written atomically. It knows files and nothing of models or windows.
//
// Messages form a tree: each names the one it follows, so that every version of
// every message is in the file, and the path from the first message to Leaf is
// the conversation that is shown.
package history

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"tern/app/settings"
)

// Errors that callers tell apart.
var (
	ErrDamaged = errors.New("damaged conversation")
	ErrNewer   = errors.New("conversation of a newer version")
	ErrChanged = errors.New("conversation changed by another program")
)

const (
	format  = "tern-conversation"
	version = 1

	// maxFile is far above what a person can write and read.
	maxFile = 256 << 20

	// maxFirst is the longest believed time until a first token, in seconds.
	maxFirst = 1e6
)

// The authors of messages.
const (
	User  = "user"
	Model = "model"
)

// Message is one version of one message, or of a part of a story.
type Message struct {
	ID     int    `json:"id"`               // from 1, within the conversation
	Parent int    `json:"parent,omitempty"` // the message it follows, which stands earlier in the list; 0 for none
	Author string `json:"author"`
	Text   string `json:"text"`
	Model  string `json:"model,omitempty"` // which wrote it
	Seed   uint32 `json:"seed,omitempty"`
	Stop   string `json:"stop,omitempty"` // why it ended

	// The tokens that it was generated as, each as a varint, and what names their vocabulary:
	// a text has several spellings, and a model goes on as before from its own alone.
	IDs   []byte `json:"ids,omitempty"`
	Vocab string `json:"vocab,omitempty"`

	// How it was written; files of earlier versions lack these.
	Path     string               `json:"path,omitempty"`      // of the model; empty for the built-in one
	Written  time.Time            `json:"written,omitzero"`    // when it began
	Rate     float64              `json:"rate,omitempty"`      // tokens per second
	First    float64              `json:"first,omitempty"`     // seconds until the first token
	Tokens   int                  `json:"tokens,omitempty"`    // that were written
	StopText string               `json:"stop_text,omitempty"` // where that ended it
	Edited   bool                 `json:"edited,omitempty"`    // by the user, since
	Settings *settings.Generation `json:"settings,omitempty"`

	// What the model thought before the text, where it did.
	Thoughts   string  `json:"thoughts,omitempty"`
	ThoughtFor float64 `json:"thought_for,omitempty"` // seconds
	Thinking   bool    `json:"thinking,omitempty"`    // it ended before the thoughts did
}

// Conversation is the content of a file.
type Conversation struct {
	ID      string    `json:"-"` // the name of the file, without ".json"
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Title   string    `json:"title,omitempty"` // the user's; without one, the first words stand for it
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"` // a message was added or chosen

	Chat   bool   `json:"chat"`              // the texts are messages, otherwise parts of one text, spaces included
	Story  bool   `json:"story,omitempty"`   // the user wants a model that chats to continue the text
	System string `json:"system,omitempty"`  // the system prompt
	Draft  string `json:"draft,omitempty"`   // words that were not sent
	Leaf   int    `json:"leaf"`              // the last message of the version that is shown
	Writer int    `json:"writing,omitempty"` // process that was writing Leaf when this was saved; 0 for none

	Generation *settings.Generation `json:"generation,omitempty"` // nil: the defaults

	Messages []Message `json:"messages"`
}

// Path returns the messages of the version that is shown, the first one first.
func (c *Conversation) Path() []Message {
	at := make(map[int]int, len(c.Messages)) // id → index
	for i, m := range c.Messages {
		at[m.ID] = i
	}
	var path []Message
	for id := c.Leaf; id != 0; {
		m := c.Messages[at[id]]
		path = append(path, m)
		id = m.Parent
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}

// Name is the title, or the first words.
func (c *Conversation) Name() string {
	if c.Title != "" {
		return c.Title
	}
	for _, m := range c.Path() {
		if t := firstWords(m.Text); t != "" {
			return t
		}
	}
	return firstWords(c.Draft)
}

// maxTitle is how long a title made of first words is, in characters.
const maxTitle = 48

// firstWords is the beginning of a text, on one line, whole words where it has any.
func firstWords(text string) string {
	if len(text) > 1000 {
		text = text[:1000]
	}
	words := strings.Fields(strings.ToValidUTF8(text, ""))
	title := ""
	for _, w := range words {
		w = strings.TrimLeft(w, "#*>`")
		if utf8.RuneCountInString(title)+1+utf8.RuneCountInString(w) > maxTitle {
			if title == "" {
				title = string([]rune(w)[:maxTitle])
			}
			return strings.TrimRight(title, ",;:–—-") + "…"
		}
		title = strings.TrimSpace(title + " " + w)
	}
	return title
}

// Parse reads a conversation from the bytes of a file. Errors wrap ErrDamaged or
// ErrNewer.
func Parse(data []byte) (*Conversation, error) {
	if len(data) > maxFile {
		return nil, failed("%w: more than %d bytes", ErrDamaged, maxFile)
	}
	var c Conversation
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, failed("%w: %w", ErrDamaged, err)
	}
	switch {
	case c.Format != format:
		return nil, failed("%w: its format is %q", ErrDamaged, c.Format)
	case c.Version > version:
		return nil, failed("%w: version %d", ErrNewer, c.Version)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Generation != nil {
		g := c.Generation.Normal()
		c.Generation = &g
	}
	for i := range c.Messages {
		c.Messages[i].normal()
	}
	return &c, nil
}

// normal brings every value into its range.
func (m *Message) normal() {
	m.Rate, m.Tokens = max(0, m.Rate), max(0, m.Tokens)
	m.First, m.ThoughtFor = min(max(0, m.First), maxFirst), min(max(0, m.ThoughtFor), maxFirst)
	if m.Settings != nil {
		g := m.Settings.Normal()
		m.Settings = &g
	}
}

// check makes sure that the messages are a tree and that Leaf is in it.
func (c *Conversation) check() error {
	seen := make(map[int]bool, len(c.Messages))
	for _, m := range c.Messages {
		switch {
		case m.ID <= 0 || seen[m.ID]:
			return failed("%w: message %d is there twice", ErrDamaged, m.ID)
		case m.Parent != 0 && !seen[m.Parent]:
			return failed("%w: message %d follows %d, which is not there", ErrDamaged, m.ID, m.Parent)
		case m.Author != User && m.Author != Model:
			return failed("%w: message %d is by %q", ErrDamaged, m.ID, m.Author)
		}
		seen[m.ID] = true
	}
	if c.Leaf != 0 && !seen[c.Leaf] {
		return failed("%w: its last message %d is not there", ErrDamaged, c.Leaf)
	}
	return nil
}

// Bytes is the conversation as a file holds it.
func (c *Conversation) Bytes() ([]byte, error) {
	c.Format, c.Version = format, version
	data, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return nil, failed("%w", err)
	}
	return append(data, '\n'), nil
}
