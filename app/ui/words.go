package ui

import (
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// facts is what stands beside the name of the model.
func facts(m *chat.ModelInfo) string {
	if m.Host != "" {
		return kit.Tr("remote")
	}
	parts := make([]string, 0, 3)
	if m.Family != "" {
		parts = append(parts, m.Family)
	}
	parts = append(parts, kit.Tr("{{.Number}} weights", "Number", kit.Params(m.Params)), kit.Tr("{{.Size}} in memory", "Size", kit.Bytes(m.MemoryBytes)))
	return strings.Join(parts, " · ")
}

// loading is the status line while a model is read.
func loading(p chat.LoadProgress) string {
	s := kit.Tr("Opening {{.Model}}", "Model", p.Name)
	if p.Layers > 0 && p.Layer > 0 {
		s += " · " + kit.Tr("layer {{.Layer}} of {{.Layers}}", "Layer", p.Layer, "Layers", p.Layers)
	}
	if p.TotalBytes > 0 {
		s += " · " + kit.BytesPair(p.Bytes, p.TotalBytes)
	}
	if p.Left > 0 {
		s += " · " + kit.Tr("{{.Time}} left", "Time", kit.Remaining(p.Left))
	}
	return s
}

// readingPrompt is the status line while a prompt is evaluated.
func readingPrompt(f chat.Figures) string {
	done, total := kit.Count(f.PromptDone), kit.Count(f.PromptTotal)
	s := kit.Tr("Reading the prompt · {{.Done}} of {{.Total}} tokens", "Done", done, "Total", total)
	if f.ReadAgain {
		s = kit.Tr("Reading the conversation again · {{.Done}} of {{.Total}} tokens", "Done", done, "Total", total)
	}
	if f.PromptRate > 0 {
		s += " · " + kit.Rate(f.PromptRate)
		left := time.Duration(float64(f.PromptTotal-f.PromptDone) / f.PromptRate * float64(time.Second))
		if left >= 2*time.Second {
			s += " · " + kit.Tr("about {{.Time}} left", "Time", kit.Remaining(left))
		}
	}
	return s
}

// figures is the status line of an answer, with the reason it ended; the short
// one is for windows that are narrower than the line.
func figures(f chat.Figures, short bool) []kit.Span {
	var parts []kit.Span
	add := func(s kit.Span) {
		if len(parts) > 0 {
			parts = append(parts, kit.Muted(" · "))
		}
		parts = append(parts, s)
	}
	if f.Rate > 0 {
		add(kit.Muted(kit.Rate(f.Rate)))
	}
	if f.FirstToken > 0 && !short {
		add(kit.Muted(kit.Tr("first token {{.Time}}", "Time", kit.Latency(f.FirstToken))))
	}
	if f.Context > 0 {
		add(contextUsed(f))
	}
	if !short && (f.Generated > 0 || f.Seed > 0 || f.Stop == "") { // an answer of another program may have none
		add(kit.Muted(kit.Tr("seed {{.Seed}}", "Seed", strconv.FormatUint(uint64(f.Seed), 10))))
	}
	if r := reason(f); r != "" {
		add(kit.Muted(r))
	}
	return parts
}

// contextUsed is muted, a warning from 80 % and an error when nothing is left.
func contextUsed(f chat.Figures) kit.Span {
	percent := f.ContextUsed * 100 / f.Context
	s := kit.Muted(kit.Tr("{{.Used}} of {{.Context}} tokens ({{.Percent}}%)", "Used", kit.Count(f.ContextUsed), "Context", kit.Count(f.Context), "Percent", percent))
	switch {
	case percent >= 100:
		s.Text, s.Colour = "! "+s.Text, theme.ColorNameError
	case percent >= 80:
		s.Text, s.Colour = "! "+s.Text, theme.ColorNameWarning
	}
	return s
}

// reason says why an answer ended; empty while it runs.
func reason(f chat.Figures) string {
	switch f.Stop {
	case chat.EndedByItself:
		return kit.Tr("ended by itself")
	case chat.ReachedLength:
		return kit.Tr("reached {{.Tokens}} tokens", "Tokens", kit.Count(f.MaxTokens))
	case chat.StoppedByUser:
		return kit.Tr("stopped by you")
	case chat.StoppedByText:
		return kit.Tr("found the stop text “{{.Text}}”", "Text", strings.TrimSpace(f.StopText))
	case chat.ContextFull:
		return kit.Tr("context full")
	case chat.StoppedByError:
		return kit.Tr("stopped by an error")
	}
	return ""
}

// presetName is the name of a preset as it is said. Those that users made keep
// the name that they gave.
func presetName(name string) string {
	switch name {
	case settings.Recommended:
		return kit.Tr("Recommended")
	case "Precise":
		return kit.Tr("Precise")
	case "Balanced":
		return kit.Tr("Balanced")
	case "Creative":
		return kit.Tr("Creative")
	case settings.Custom:
		return kit.Tr("Custom")
	}
	return name
}
