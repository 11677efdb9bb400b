package history

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Markdown is the version that is shown as a document: a story as it reads, a
// conversation with a line that says who speaks before each message. you and
// model name the two.
func (c *Conversation) Markdown(you, model string) string {
	var b strings.Builder
	if name := c.Name(); name != "" {
		fmt.Fprintf(&b, "# %s\n\n", name)
	}
	if c.Chat && c.System != "" {
		fmt.Fprintf(&b, "> %s\n\n", strings.ReplaceAll(c.System, "\n", "\n> "))
	}
	last := ""
	for _, m := range c.Path() {
		if !c.Chat {
			b.WriteString(m.Text)
			continue
		}
		if m.Author != last {
			who := you
			if m.Author == Model {
				who = model
				if m.Model != "" {
					who = m.Model
				}
			}
			if last != "" {
				b.WriteString("\n\n")
			}
			fmt.Fprintf(&b, "**%s:**\n\n", who)
			last = m.Author
		}
		b.WriteString(m.Text)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
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
			m.Author = Model
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
