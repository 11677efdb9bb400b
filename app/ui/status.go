package ui

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/library"
	"tern/app/ui/kit"
)

const (
	statusHeight = 28
	barHeight    = 3

	// A state is shown only if it lasts this long, so that nothing flickers.
	showLoadingAfter    = 150 * time.Millisecond
	showPrefillingAfter = 400 * time.Millisecond
	showStoppingAfter   = 200 * time.Millisecond

	// figuresEvery is how often the numbers of a running answer change.
	figuresEvery = 250 * time.Millisecond
)

// status is the one line that always says what is happening.
type status struct {
	line   *kit.Note
	cancel *kit.Button
	track  *kit.Surface
	bar    *kit.Surface
	box    *fyne.Container
	share  float32 // of the bar that is filled

	other  *kit.Button // leads to the answer that is written in another conversation
	halt   *kit.Button // and stops it
	active string      // the conversation of that answer; empty for none
	title  string      // of it

	download *library.Download // that is running, nil for none

	state chat.State
	since time.Time // of the state
	drawn time.Time // of the figures
}

// statusActions are what the buttons in the line do; open and stop are given a
// conversation.
type statusActions struct {
	cancel, escape func()
	open, stop     func(id string)
}

func newStatus(do statusActions) *status {
	s := &status{
		line:  kit.NewNote(theme.SizeNameCaptionText, kit.Muted(kit.Tr("Starting"))),
		track: kit.NewSurface(theme.ColorNameSeparator),
		bar:   kit.NewSurface(theme.ColorNamePrimary),
	}
	s.cancel = kit.NewQuietButton(kit.Tr("Cancel"), do.escape, do.cancel)
	s.cancel.Hide()
	s.other = kit.NewQuietButton("", do.escape, func() { do.open(s.active) })
	s.halt = kit.NewQuietButton(kit.Tr("Stop"), do.escape, func() { do.stop(s.active) })
	s.halt.Name = kit.Tr("Stop the answer in the other conversation")
	s.halt.SetToolTip(s.halt.Name)
	s.other.Hide()
	s.halt.Hide()
	s.bar.Hide()
	s.box = container.New(kit.LayoutFunc{Min: fyne.NewSize(200, statusHeight), Do: s.layout},
		s.line, s.other, s.halt, s.cancel, s.track, s.bar)
	return s
}

func (s *status) layout(_ []fyne.CanvasObject, size fyne.Size) {
	right := size.Width - 8
	put := func(b *kit.Button) {
		if b.Visible() {
			w := b.MinSize().Width
			b.Move(fyne.NewPos(right-w, 1))
			b.Resize(fyne.NewSize(w, size.Height-2))
			right -= w + 4
		}
	}
	put(s.cancel)
	put(s.halt)
	if s.other.Visible() { // the title as far as half of the line
		s.other.SetLabel(kit.Tr("Writing in “{{.Title}}”", "Title", kit.Shorten(s.title, theme.TextSize(), size.Width/2-kit.Px(120), false)))
	}
	put(s.other)
	h := s.line.MinSize().Height
	s.line.Move(fyne.NewPos(9, (size.Height-h)/2))
	s.line.Resize(fyne.NewSize(right-9, h))
	s.track.Resize(fyne.NewSize(size.Width, 1))
	s.bar.Resize(fyne.NewSize(size.Width*s.share, barHeight))
}

// show brings the line in step and returns when it wants to be called again
// although nothing changes, 0 for never.
func (s *status) show(v chat.View, now time.Time) time.Duration {
	if v.State != s.state || s.since.IsZero() {
		s.state, s.since, s.drawn = v.State, now, time.Time{}
	}
	s.showOther(v)
	after := func(d time.Duration) (bool, time.Duration) {
		return now.Sub(s.since) >= d, d - now.Sub(s.since)
	}
	switch v.State {
	case chat.Loading:
		due, wait := after(showLoadingAfter)
		if !due {
			return wait
		}
		share := float32(0)
		if v.Load.TotalBytes > 0 {
			share = float32(v.Load.Bytes) / float32(v.Load.TotalBytes)
		}
		s.draw(share, true, kit.Muted(loading(v.Load)))
	case chat.Prefilling:
		due, wait := after(showPrefillingAfter)
		if !due {
			return wait
		}
		share := float32(0)
		if v.Figures.PromptTotal > 0 {
			share = float32(v.Figures.PromptDone) / float32(v.Figures.PromptTotal)
		}
		if v.Model != nil && v.Model.Host != "" {
			s.draw(0, false, kit.Muted(kit.Tr("Waiting for {{.Host}}", "Host", v.Model.Host)))
			return 0
		}
		s.draw(share, false, kit.Muted(readingPrompt(v.Figures)))
	case chat.Generating:
		if d := now.Sub(s.drawn); d < figuresEvery {
			return figuresEvery - d
		}
		s.drawn = now
		s.draw(0, false, s.figures(v.Figures)...)
	case chat.Waiting:
		before := slices.IndexFunc(v.Answers, func(a chat.Answering) bool { return a.ID == v.ID })
		s.draw(0, false, kit.Muted(kit.TrN(before, "Waiting: another answer is written first", "Waiting: {{.N}} other answers are written first")))
	case chat.Stopping:
		due, wait := after(showStoppingAfter)
		if !due {
			return wait
		}
		s.draw(0, false, kit.Muted(kit.Tr("Stopping…")))
	default:
		if k := v.Copy; k != nil && k.Total > 0 && !k.Done {
			s.draw(float32(k.Written)/float32(k.Total), true, kit.Muted(copying(k)))
			return 0
		}
		if d := s.download; d != nil && v.Notice.Key == "" {
			s.draw(max(0.001, float32(d.Percent())/100), false, kit.Muted(downloading(d)))
			return 0
		}
		s.draw(0, false, s.resting(v)...)
	}
	return 0
}

// showOther says where an answer is written, if that is not shown.
func (s *status) showOther(v chat.View) {
	active, title := "", ""
	if a := elsewhere(v); a != nil {
		active, title = a.ID, a.Name
		if title == "" {
			title = kit.Tr("Untitled")
		}
	}
	if active == s.active && title == s.title {
		return
	}
	s.active, s.title = active, title
	kit.SetVisible(s.other, active != "")
	kit.SetVisible(s.halt, active != "")
	s.layout(nil, s.box.Size())
	s.box.Refresh()
}

// figures is the line of an answer, as long as fits.
func (s *status) figures(f chat.Figures) []kit.Span {
	long := figures(f, false)
	if kit.WidthOf(theme.CaptionTextSize(), long...) > s.line.Size().Width-2*kit.Inset() {
		return figures(f, true)
	}
	return long
}

// resting is the line while nothing runs.
func (s *status) resting(v chat.View) []kit.Span {
	f := v.Figures
	switch {
	case v.Notice.Key != "":
		return []kit.Span{kit.Muted(kit.Translate(v.Notice))}
	case v.Model == nil && v.Problem != nil:
		return []kit.Span{kit.Muted(kit.Tr("Stopped by an error · see above"))}
	case v.Model == nil:
		return []kit.Span{kit.Muted(kit.Tr("No model open · open or drop a file or folder"))}
	case f.Stop == chat.StoppedByError:
		return []kit.Span{kit.Muted(kit.Tr("Stopped by an error · see above"))}
	case f.Context > 0 && f.ContextUsed >= f.Context && !f.Short:
		return append([]kit.Span{contextUsed(f)}, kit.Muted(" · "+kit.Tr("context full")))
	case f.Stop != "", f.Generated > 0:
		return s.figures(f)
	case v.Model.OpenedIn > 0:
		said := kit.Tr("Ready · {{.Model}} opened in {{.Time}}", "Model", v.Model.Name, "Time", kit.Elapsed(v.Model.OpenedIn))
		if n := len(v.Model.Notes); n > 0 {
			said += " · " + kit.TrN(n, "one note, see Inspect", "{{.N}} notes, see Inspect")
		}
		return []kit.Span{kit.Muted(said)}
	default:
		return []kit.Span{kit.Muted(kit.Tr("Ready · {{.Model}}", "Model", v.Model.Name))}
	}
}

// draw shows the line, and the bar where share is not 0.
func (s *status) draw(share float32, cancel bool, spans ...kit.Span) {
	s.line.Set(spans...)
	if s.share == share && s.cancel.Visible() == cancel && s.bar.Visible() == (share > 0) {
		return
	}
	s.share = min(1, share)
	if share > 0 {
		s.bar.Show()
	} else {
		s.bar.Hide()
	}
	if cancel {
		s.cancel.Show()
	} else {
		s.cancel.Hide()
	}
	s.layout(nil, s.box.Size())
}
