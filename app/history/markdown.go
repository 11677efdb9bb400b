package history

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"tern/app/settings"
)

// Markdown is the version that is shown as a document: a story as it reads, a
// conversation with a line that says who speaks before each message, and what was
// thought quoted. you and model name the two.
func (c *Conversation) Markdown(you, model string) string {
	var b strings.Builder
	if name := c.Name(); name != "" {
		fmt.Fprintf(&b, "# %s\n\n", name)
	}
	if c.Chat && c.System != "" {
		fmt.Fprintf(&b, "%s\n\n", Quoted(c.System))
	}
	if about := c.about(); about != "" {
		fmt.Fprintf(&b, "*%s*\n\n", about)
	}
	if !c.Chat {
		var story strings.Builder
		for _, m := range c.Path() {
			story.WriteString(m.Text)
		}
		b.WriteString(apart(story.String(), false))
		return strings.TrimRight(b.String(), "\n") + "\n"
	}
	last, text := "", ""
	end := func() {
		b.WriteString(apart(text, last == Model))
		text = ""
	}
	for _, m := range c.Path() {
		if m.Author != last {
			who := you
			if m.Author == Model {
				who = model
				if m.Model != "" {
					who = m.Model
				}
			}
			if last != "" {
				end()
				b.WriteString("\n\n")
			}
			fmt.Fprintf(&b, "**%s:**\n\n", who)
			last = m.Author
		}
		if m.Thoughts != "" {
			if text != "" {
				end()
				b.WriteString("\n\n")
			}
			fmt.Fprintf(&b, "%s\n\n", Quoted(m.Thoughts))
		}
		text += m.Text
	}
	end()
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// Quoted is a text as a quotation in Markdown.
func Quoted(text string) string {
	return "> " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n> ")
}

// about says when the version that is shown was written, and with which settings.
func (c *Conversation) about() string {
	var parts []string
	var used *settings.Generation
	models := map[string]bool{}
	for _, m := range c.Path() {
		if m.Model != "" && !models[m.Model] {
			models[m.Model] = true
			parts = append(parts, m.Model)
		}
		if m.Settings != nil {
			used = m.Settings
		}
	}
	if used == nil {
		used = c.Generation
	}
	if !c.Changed.IsZero() {
		parts = append([]string{c.Changed.Local().Format("2006-01-02 15:04")}, parts...)
	}
	if g := used; g != nil {
		parts = append(parts, fmt.Sprintf("temperature %g, top-p %g, top-k %d, min-p %g, repeat penalty %g", g.Temperature, g.TopP, g.TopK, g.MinP, g.RepeatPenalty))
	}
	return strings.Join(parts, " · ")
}

// block matches a line that is not part of a plain paragraph of Markdown: headings,
// quotes, list items, tables, and what is indented.
var block = regexp.MustCompile("^(?:#|>|\\||[-*+] |\\d+[.)] |    |\\t|```|~~~)")

// apart sets paragraphs off by an empty line, which stand on lines of their own on
// the screen. In Markdown, code, lists and tables stay together.
func apart(text string, markdown bool) string {
	lines := strings.Split(text, "\n")
	fence := ""
	plain := func(line string) bool {
		return strings.TrimSpace(line) != "" && (!markdown || !block.MatchString(line))
	}
	var b strings.Builder
	for i, line := range lines {
		b.WriteString(line)
		if mark := strings.TrimLeft(line, " "); markdown && len(mark) >= 3 && (mark[:3] == "```" || mark[:3] == "~~~") {
			switch fence {
			case "":
				fence = mark[:3]
			case mark[:3]:
				fence = ""
			}
		}
		if i+1 == len(lines) {
			break
		}
		b.WriteByte('\n')
		if fence == "" && plain(line) && plain(lines[i+1]) {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Import reads a conversation that Tern exported, or a list of messages with
// "role" and "content" as other programs write them, alone or under "messages".
func Import(data []byte) (*Conversation, error) {
	c, err := Parse(data)
	if err == nil {
		c.Writer = 0
		return c, nil
	}
	type turn struct {
		Role    string `json:"role"`
		Content string `json:"content"`
		Thought string `json:"reasoning_content"`
	}
	var turns []turn
	if json.Unmarshal(data, &turns) != nil {
		var in struct {
			Title    string `json:"title"`
			Messages []turn `json:"messages"`
		}
		if json.Unmarshal(data, &in) != nil {
			return nil, err
		}
		turns = in.Messages
	}
	c = &Conversation{Chat: true}
	for _, t := range turns {
		m := Message{ID: len(c.Messages) + 1, Parent: len(c.Messages), Text: t.Content}
		switch t.Role {
		case "system":
			c.System = strings.TrimSpace(c.System + "\n" + t.Content)
			continue
		case "user":
			m.Author = User
		case "assistant", "model":
			m.Author, m.Thoughts = Model, t.Thought
		default:
			return nil, err
		}
		c.Messages = append(c.Messages, m)
	}
	if len(c.Messages) == 0 {
		return nil, err
	}
	c.Leaf = len(c.Messages)
	return c, nil
}
