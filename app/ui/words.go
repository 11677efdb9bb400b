package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
)

// rate is a speed: whole numbers from ten on, one decimal below.
func rate(perSecond float64) string {
	if perSecond < 9.95 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64) + " tok/s"
	}
	return count(int(perSecond+0.5)) + " tok/s"
}

// count writes a number with commas between thousands.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// elapsed writes a duration as one would say it: 12 ms, 0.4 s, 3 min.
func elapsed(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
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
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}

// bytesPair writes "0.5 of 1.2 GB" with one unit for both.
func bytesPair(done, total int64) string {
	if total >= 999_500_000 {
		return fmt.Sprintf("%.1f of %.1f GB", float64(done)/1e9, float64(total)/1e9)
	}
	return fmt.Sprintf("%d of %d MB", (done+500_000)/1_000_000, (total+500_000)/1_000_000)
}

// params writes a number of weights: 4 M, 2.4 B.
func params(n int64) string {
	switch {
	case n >= 999_500_000:
		return fmt.Sprintf("%.1f B", float64(n)/1e9)
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
	parts = append(parts, params(m.Params)+" weights", bytesOf(m.MemoryBytes)+" in memory")
	return strings.Join(parts, " · ")
}

// loading is the status line while a model is read.
func loading(p chat.LoadProgress) string {
	s := "Opening " + p.Name
	if p.Layers > 0 && p.Layer > 0 {
		s += fmt.Sprintf(" · layer %d of %d", p.Layer, p.Layers)
	}
	if p.TotalBytes > 0 {
		s += " · " + bytesPair(p.Bytes, p.TotalBytes)
	}
	if p.Left > 0 {
		s += " · " + remaining(p.Left) + " left"
	}
	return s
}

// reading is the status line while a prompt is evaluated.
func reading(f chat.Figures) string {
	s := fmt.Sprintf("Reading the prompt · %s of %s tokens", count(f.PromptDone), count(f.PromptTotal))
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
		add(muted("first token " + latency(f.FirstToken)))
	}
	if f.Context > 0 {
		add(contextUsed(f))
	}
	if !short && (f.Generated > 0 || f.Seed > 0 || f.Stop == "") { // an answer of another program may have none
		add(muted("seed " + strconv.FormatUint(uint64(f.Seed), 10)))
	}
	if r := reason(f); r != "" {
		add(muted(r))
	}
	return parts
}

// contextUsed is muted, a warning from 80 % and an error when nothing is left.
func contextUsed(f chat.Figures) span {
	percent := f.ContextUsed * 100 / f.Context
	s := muted(fmt.Sprintf("%s of %s tokens (%d%%)", count(f.ContextUsed), count(f.Context), percent))
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
		return "ended by itself"
	case chat.ReachedLength:
		return fmt.Sprintf("reached %s tokens", count(f.MaxTokens))
	case chat.StoppedByUser:
		return "stopped by you"
	case chat.StoppedByText:
		return fmt.Sprintf("found the stop text “%s”", strings.TrimSpace(f.StopText))
	case chat.ContextFull:
		return "context full"
	case chat.StoppedByError:
		return "stopped by an error"
	}
	return ""
}
