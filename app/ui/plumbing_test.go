package ui

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/settings"
)

// A burst of changes is drawn once, later where another window has the focus,
// again when the window asks for it, and never after the end.
func TestPresenter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var drawn []time.Duration
		begin := time.Now()
		again := 100 * time.Millisecond
		var window sync.Mutex // what is posted runs one after the other
		p := &presenter{post: func(f func()) {
			window.Lock()
			defer window.Unlock()
			f()
		}}
		p.draw = func() time.Duration {
			drawn = append(drawn, time.Since(begin))
			wake := again
			again = 0
			return wake
		}
		p.notify()
		time.Sleep(time.Second)
		p.quiet.Store(true)
		p.notify()
		time.Sleep(time.Second)
		synctest.Wait()
		p.quiet.Store(false)
		again = time.Hour
		p.notify()
		p.close()
		p.notify()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		want := []time.Duration{0, 100 * time.Millisecond, time.Second + quietDelay, 2 * time.Second}
		if !slices.Equal(drawn, want) {
			t.Errorf("drawn at %v, want %v", drawn, want)
		}
	})
}

// What cannot be written is tried again until it can, and both are said once.
func TestSaverTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := 0
		var room atomic.Bool
		var told []error
		s := newSaver(func(v settings.Settings) error {
			if !room.Load() {
				return errors.New("disk full")
			}
			written = v.TextScale
			return nil
		}, func(err error) { told = append(told, err) })
		s.save(settings.Settings{TextScale: 1})
		time.Sleep(time.Minute)
		s.save(settings.Settings{TextScale: 2})
		time.Sleep(time.Minute)
		room.Store(true)
		time.Sleep(2 * saveAgain)
		synctest.Wait()
		if written != 2 || len(told) != 2 || told[0] == nil || told[1] != nil {
			t.Errorf("written %d, told %v", written, told)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
}

// The newest settings are written, those that were overtaken are not, and save
// never waits for the disk.
func TestSaver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written []int
		full := errors.New("disk full")
		s := newSaver(func(v settings.Settings) error {
			time.Sleep(time.Second)
			written = append(written, v.TextScale)
			if v.TextScale == 5 {
				return full
			}
			return nil
		}, func(error) {})
		begin := time.Now()
		for i := range 6 {
			s.save(settings.Settings{TextScale: i})
			if i == 0 {
				synctest.Wait()
			}
		}
		if d := time.Since(begin); d != 0 {
			t.Errorf("save waited %v", d)
		}
		if err := s.close(); !errors.Is(err, full) {
			t.Errorf("close: %v", err)
		}
		if !slices.Equal(written, []int{0, 5, 5}) { // the end tries again
			t.Errorf("written %v", written)
		}
	})
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		rate(412.4):                       "412 tok/s",
		rate(9.96):                        "10 tok/s",
		rate(9.94):                        "9.9 tok/s",
		rate(12345):                       "12,345 tok/s",
		count(999):                        "999",
		count(-1234567):                   "-1,234,567",
		elapsed(47 * time.Millisecond):    "47 ms",
		elapsed(400 * time.Millisecond):   "0.4 s",
		elapsed(71 * time.Second):         "71 s",
		elapsed(200 * time.Second):        "3 min",
		latency(12345 * time.Microsecond): "12 ms",
		latency(10 * time.Microsecond):    "1 ms",
		latency(1500 * time.Millisecond):  "1.5 s",
		bytesOf(3_100_000):                "3 MB",
		bytesOf(1_234_000_000):            "1.2 GB",
		bytesPair(500e6, 1.2e9):           "0.5 of 1.2 GB",
		bytesPair(1e6, 4e6):               "1 of 4 MB",
		params(4_300_000):                 "4 M",
		params(2_400_000_000):             "2.4 B",
		params(812):                       "812",
		facts(&builtin):                   "BitNet b1.58 · 4 M weights · 3 MB in memory",
		shorten("Tern", 14, 500, false):   "Tern",
		shorten("a name", 14, 1, false):   "…",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	long := shorten(strings.Repeat("bitnet ", 40), 14, 200, true)
	if w := widthOf(14, span{text: long, bold: true}); w > 200 || !strings.HasSuffix(long, "…") {
		t.Errorf("%q is %v wide", long, w)
	}
}

func TestCutSpans(t *testing.T) {
	spans := []span{muted("412 tok/s"), muted(" · "), {text: "! 410 of 512 tokens (80%)"}, muted(" · seed 42")}
	for width := float32(10); width < 400; width += 7 {
		got := cutSpans(spans, 12, width)
		if w := widthOf(12, got...); w > width+0.5 && len(got) > 0 && got[len(got)-1].text != "…" {
			t.Errorf("%v wide in %v", w, width)
		}
	}
	if got := cutSpans(spans, 12, 1000); len(got) != len(spans) {
		t.Errorf("cut where it fits: %v", got)
	}
}

// The keys of the specification that this version has, each once, and none that
// an entry needs for editing.
func TestShortcuts(t *testing.T) {
	r := newRig(t, 1100, 720)
	var got []string
	for _, m := range r.menu.main.Items {
		for _, i := range m.Items {
			if i.Shortcut != nil {
				got = append(got, shortcutName(i.Shortcut))
			}
		}
	}
	want := []string{
		"Ctrl+Enter", "Ctrl+.", "Ctrl+R", "Ctrl+Shift+C", "Ctrl+L", "Ctrl+N", "Ctrl+O", "Ctrl+Shift+O", "Ctrl+,",
		"Ctrl+B", "Ctrl+G", "Ctrl+I", "Ctrl+=", "Ctrl+-", "Ctrl+0", "Ctrl+Shift+H", "Ctrl+Q",
		"Ctrl+Shift+R", "Ctrl+D", "Ctrl+Shift+Backspace", "Ctrl+F", "Ctrl+Shift+Up", "Ctrl+Shift+Down", "Ctrl+Shift+F", "Alt+Up", "Alt+Down", "Ctrl+E",
		"Ctrl+M",
	}
	if fyne.KeyModifierShortcutDefault == fyne.KeyModifierSuper {
		for i := range want {
			want[i] = strings.Replace(want[i], "Ctrl", "Cmd", 1)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("shortcuts %v, want %v", got, want)
	}
	r.shortcuts()
	if r.dialog == nil {
		t.Error("no list of shortcuts")
	}
}

func TestMenuShowsTheState(t *testing.T) {
	r := newRig(t, 1100, 720)
	m := r.menu
	if m.write.Disabled || !m.stop.Disabled || !m.retry.Disabled || !m.undo.Disabled || !m.conversation[0].Disabled || !r.options.side.item.Checked {
		t.Error("wrong marks at the start")
	}
	r.show(document("Once", " upon"))
	if m.retry.Disabled || m.undo.Disabled || m.conversation[0].Disabled || m.answer.Disabled {
		t.Error("nothing can be done with a text")
	}
	r.press(fyne.KeyR)
	m.undo.Action()
	r.took("retry", "undo")
}

func TestFirstSettings(t *testing.T) {
	for locale, want := range map[string]bool{"en-US": true, "de": true, "": true, "ja-JP": false, "zh-Hans-CN": false, "ko": false} {
		if got := firstSettings(locale).EnterSends; got != want {
			t.Errorf("%q: Enter sends %v, want %v", locale, got, want)
		}
	}
}
