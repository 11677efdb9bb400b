package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/settings"
)

// rate is a speed: whole numbers from ten on, one decimal below.
func rate(perSecond float64) string {
	if perSecond < 9.95 {
		return decimal(perSecond) + " tok/s"
	}
	return count(int(perSecond+0.5)) + " tok/s"
}

// decimal writes one decimal.
func decimal(v float64) string { return pointed(strconv.FormatFloat(v, 'f', 1, 64)) }

// pointed is a number that Go wrote, with the decimal mark of the language.
func pointed(s string) string { return strings.Replace(s, ".", tr("."), 1) }

// count writes a number with commas, or what the language has, between thousands.
func count(n int) string {
	s := strconv.Itoa(n)
	mark := ""
	if len(s) > 3 {
		mark = tr(",")
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}

// elapsed writes a duration as one would say it: 12 ms, 0.4 s, 3 min.
func elapsed(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return decimal(d.Seconds()) + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	default:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	}
}

// remaining writes an estimate, which has no use for parts of a second.
func remaining(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", max(1, int(d.Seconds()+0.5)))
	}
	return elapsed(d)
}

// latency is the time to the first token, in milliseconds up to a second.
func latency(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", max(1, d.Round(time.Millisecond).Milliseconds()))
	}
	return elapsed(d)
}

// bytesOf writes a size in MB below 1 GB, in GB above.
func bytesOf(n int64) string {
	if n >= 999_500_000 {
		return decimal(float64(n)/1e9) + " GB"
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}

// bytesPair writes "0.5 of 1.2 GB" with one unit for both.
func bytesPair(done, total int64) string {
	if total >= 999_500_000 {
		return tr("{{.Done}} of {{.Total}} GB", "Done", decimal(float64(done)/1e9), "Total", decimal(float64(total)/1e9))
	}
	return tr("{{.Done}} of {{.Total}} MB", "Done", (done+500_000)/1_000_000, "Total", (total+500_000)/1_000_000)
}

// params writes a number of weights: 4 M, 2.4 B.
func params(n int64) string {
	switch {
	case n >= 999_500_000:
		return tr("{{.Number}} B", "Number", decimal(float64(n)/1e9)) // billions, 10⁹
	case n >= 1_000_000:
		return fmt.Sprintf("%d M", (n+500_000)/1_000_000)
	default:
		return count(int(n))
	}
}

// facts is what stands beside the name of the model.
func facts(m *chat.ModelInfo) string {
	if m.Host != "" {
		return tr("remote")
	}
	parts := make([]string, 0, 3)
	if m.Family != "" {
		parts = append(parts, m.Family)
	}
	parts = append(parts, tr("{{.Number}} weights", "Number", params(m.Params)), tr("{{.Size}} in memory", "Size", bytesOf(m.MemoryBytes)))
	return strings.Join(parts, " · ")
}

// loading is the status line while a model is read.
func loading(p chat.LoadProgress) string {
	s := tr("Opening {{.Model}}", "Model", p.Name)
	if p.Layers > 0 && p.Layer > 0 {
		s += " · " + tr("layer {{.Layer}} of {{.Layers}}", "Layer", p.Layer, "Layers", p.Layers)
	}
	if p.TotalBytes > 0 {
		s += " · " + bytesPair(p.Bytes, p.TotalBytes)
	}
	if p.Left > 0 {
		s += " · " + tr("{{.Time}} left", "Time", remaining(p.Left))
	}
	return s
}

// reading is the status line while a prompt is evaluated.
func reading(f chat.Figures) string {
	s := tr("Reading the prompt · {{.Done}} of {{.Total}} tokens", "Done", count(f.PromptDone), "Total", count(f.PromptTotal))
	if f.PromptRate > 0 {
		s += " · " + rate(f.PromptRate)
	}
	return s
}

// figures is the status line of an answer, with the reason it ended; the short
// one is for windows that are narrower than the line.
func figures(f chat.Figures, short bool) []span {
	var parts []span
	add := func(s span) {
		if len(parts) > 0 {
			parts = append(parts, muted(" · "))
		}
		parts = append(parts, s)
	}
	if f.Rate > 0 {
		add(muted(rate(f.Rate)))
	}
	if f.FirstToken > 0 && !short {
		add(muted(tr("first token {{.Time}}", "Time", latency(f.FirstToken))))
	}
	if f.Context > 0 {
		add(contextUsed(f))
	}
	if !short && (f.Generated > 0 || f.Seed > 0 || f.Stop == "") { // an answer of another program may have none
		add(muted(tr("seed {{.Seed}}", "Seed", strconv.FormatUint(uint64(f.Seed), 10))))
	}
	if r := reason(f); r != "" {
		add(muted(r))
	}
	return parts
}

// contextUsed is muted, a warning from 80 % and an error when nothing is left.
func contextUsed(f chat.Figures) span {
	percent := f.ContextUsed * 100 / f.Context
	s := muted(tr("{{.Used}} of {{.Context}} tokens ({{.Percent}}%)", "Used", count(f.ContextUsed), "Context", count(f.Context), "Percent", percent))
	switch {
	case percent >= 100:
		s.text, s.colour = "! "+s.text, theme.ColorNameError
	case percent >= 80:
		s.text, s.colour = "! "+s.text, theme.ColorNameWarning
	}
	return s
}

// reason says why an answer ended; empty while it runs.
func reason(f chat.Figures) string {
	switch f.Stop {
	case chat.EndedByItself:
		return tr("ended by itself")
	case chat.ReachedLength:
		return tr("reached {{.Tokens}} tokens", "Tokens", count(f.MaxTokens))
	case chat.StoppedByUser:
		return tr("stopped by you")
	case chat.StoppedByText:
		return tr("found the stop text “{{.Text}}”", "Text", strings.TrimSpace(f.StopText))
	case chat.ContextFull:
		return tr("context full")
	case chat.StoppedByError:
		return tr("stopped by an error")
	}
	return ""
}

// presetName is the name of a preset as it is said. Those that users made keep
// the name that they gave.
func presetName(name string) string {
	switch name {
	case settings.Recommended:
		return tr("Recommended")
	case "Precise":
		return tr("Precise")
	case "Balanced":
		return tr("Balanced")
	case "Creative":
		return tr("Creative")
	case settings.Custom:
		return tr("Custom")
	}
	return name
}
