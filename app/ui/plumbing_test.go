package ui

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"

	"tern/app/ui/kit"
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

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		kit.Rate(412.4):                       "412 tok/s",
		kit.Rate(9.96):                        "10 tok/s",
		kit.Rate(9.94):                        "9.9 tok/s",
		kit.Rate(12345):                       "12,345 tok/s",
		kit.Count(999):                        "999",
		kit.Count(-1234567):                   "-1,234,567",
		kit.Elapsed(47 * time.Millisecond):    "47 ms",
		kit.Elapsed(400 * time.Millisecond):   "0.4 s",
		kit.Elapsed(71 * time.Second):         "71 s",
		kit.Elapsed(200 * time.Second):        "3 min",
		kit.Latency(12345 * time.Microsecond): "12 ms",
		kit.Latency(10 * time.Microsecond):    "1 ms",
		kit.Latency(1500 * time.Millisecond):  "1.5 s",
		kit.Bytes(3_100_000):                  "3 MB",
		kit.Bytes(1_234_000_000):              "1.2 GB",
		kit.BytesPair(500e6, 1.2e9):           "0.5 of 1.2 GB",
		kit.BytesPair(1e6, 4e6):               "1 of 4 MB",
		kit.Params(4_300_000):                 "4 M",
		kit.Params(2_400_000_000):             "2.4 B",
		kit.Params(812):                       "812",
		facts(&builtin):                       "BitNet b1.58 · 4 M weights · 3 MB in memory",
		kit.Shorten("Tern", 14, 500, false):   "Tern",
		kit.Shorten("a name", 14, 1, false):   "…",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	long := kit.Shorten(strings.Repeat("bitnet ", 40), 14, 200, true)
	if w := kit.WidthOf(14, kit.Span{Text: long, Bold: true}); w > 200 || !strings.HasSuffix(long, "…") {
		t.Errorf("%q is %v wide", long, w)
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
	if r.dialogs.Shown == nil {
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
