package chat

import (
	"testing"
	"testing/synctest"
	"time"

	"tern/app/chat/backend/backendtest"
	"tern/app/chat/document"
	"tern/model"
	"tern/tokenizer"
)

func TestLoadShowsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		c.Models.Load("/models/bitnet-large/model.safetensors", balanced)
		synctest.Wait()
		if v := c.View(); v.State != Loading || v.Load != (LoadProgress{Name: "bitnet-large"}) {
			t.Errorf("at first: %v, %+v", v.State, v.Load)
		}
		time.Sleep(2*perLayer + perLayer/2)
		want := LoadProgress{Name: "bitnet-large", Layer: 2, Layers: layers, Bytes: 2, TotalBytes: layers}
		if v := c.View(); v.Load != want || v.Model != nil {
			t.Errorf("half way: %+v", v.Load)
		}
		idle()
		if v := c.View(); v.State != Ready || v.Model.Name != "bitnet-large" || v.Load != (LoadProgress{}) || v.Figures.Context != 100 {
			t.Errorf("at the end: %+v", v)
		}
	})
}

func TestLeft(t *testing.T) {
	p := model.Progress{Bytes: 25, TotalBytes: 100}
	for _, c := range []struct {
		elapsed time.Duration
		p       model.Progress
		want    time.Duration
	}{
		{10 * time.Second, p, 30 * time.Second},
		{100 * time.Millisecond, p, 0},
		{10 * time.Second, model.Progress{TotalBytes: 100}, 0},
		{10 * time.Second, model.Progress{Bytes: 100, TotalBytes: 100}, 0},
		{10 * time.Second, model.Progress{Bytes: 101, TotalBytes: 100}, 0},
	} {
		if got := left(c.elapsed, c.p); got != c.want {
			t.Errorf("%v, %+v: %v, want %v", c.elapsed, c.p, got, c.want)
		}
	}
}

// TestLoads ends a load in every way, with and without a model that is open.
func TestLoads(t *testing.T) {
	for _, before := range []string{"", "old"} {
		for _, c := range []struct {
			name                  string
			fail                  error
			act                   func(*Controller)
			model, notice, failed string
		}{
			{name: "ready", model: "new"},
			{name: "cancelled", act: func(c *Controller) { c.Models.CancelLoad() }, model: before,
				notice: map[string]string{"": "Cancelled. No model is open.", "old": "Cancelled. old is still open."}[before]},
			{name: "damaged", fail: model.ErrDamaged, model: before, failed: "new is damaged: damaged file"},
			{name: "another one", act: func(c *Controller) { c.Models.Load("other", balanced) }, model: "other"},
			{name: "another one and cancelled", act: func(c *Controller) { c.Models.Load("other", balanced); c.Models.CancelLoad() }, model: before,
				notice: map[string]string{"": "Cancelled. No model is open.", "old": "Cancelled. old is still open."}[before]},
			{name: "closed", act: (*Controller).Close, model: before},
		} {
			t.Run(before+"/"+c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t)
					f.deaf = 2 * perLayer
					ctl := f.start(Options{})
					if before != "" {
						ctl.Models.Load(before, balanced)
						idle()
						ctl.Generate("Hi", balanced)
						idle()
					}
					f.openFail = c.fail
					ctl.Models.Load("new", balanced)
					time.Sleep(perLayer * 3 / 2)
					if c.act != nil {
						c.act(ctl)
					}
					idle()
					v := ctl.View()
					name, problem := "", ""
					if v.Model != nil {
						name = v.Model.Name
					}
					if v.Problem != nil {
						problem = v.Problem.Sentence.String()
					}
					if name != c.model || problem != c.failed || c.name != "closed" && v.Notice.String() != c.notice {
						t.Errorf("model %q, notice %q, problem %q", name, v.Notice, problem)
					}
					if before != "" && text(v) != "Hi abc" {
						t.Errorf("the document is %q", text(v))
					}
					ctl.Generate("go on", balanced)
					idle()
					if written := text(ctl.View()) == "Hi abc go on abc" || text(ctl.View()) == "go on abc"; written != (c.model != "" && c.name != "closed") {
						t.Errorf("afterwards %q is written", text(ctl.View()))
					}
				})
			})
		}
	}
}

// TestCancelAfterTheLastByte gives a load up when the model is read but not
// yet in its place.
func TestCancelAfterTheLastByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.stalls = time.Second // of the old model's token, which the new one waits for
		c := f.start(Options{})
		c.Models.Load("old", balanced)
		idle()
		c.Generate("Hi", balanced)
		time.Sleep(perPrompt + time.Millisecond)
		c.Models.Load("new", balanced)
		time.Sleep(perLayer*layers + time.Millisecond)
		synctest.Wait()
		if f.open != 2 {
			t.Fatalf("%d models are open, want the old one and the new one that waits", f.open)
		}
		c.Models.CancelLoad()
		idle()
		if v := c.View(); f.open != 1 || v.Model.Name != "old" || v.State != Ready || v.Notice.String() != "Cancelled. old is still open." {
			t.Errorf("%d open, %+v", f.open, v)
		}
	})
}

func TestUnload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("Hi", balanced)
		c.Models.Unload()
		idle()
		if v := c.View(); f.open != 0 || v.Model != nil || v.State != NoModel || v.CanRetry || text(v) != "Hi" || v.Figures != (Figures{}) {
			t.Errorf("%d open, %+v", f.open, v)
		}
		c.Models.Load("b", balanced)
		idle()
		if v := c.View(); text(v) != "Hi" || v.Figures.ContextUsed != 3 || !v.CanRetry {
			t.Errorf("%+v", v)
		}
		c.Generate("", balanced)
		idle()
		if v := c.View(); text(v) != "Hi abc" {
			t.Errorf("%q", text(v))
		}
	})
}

// TestOtherVocabulary opens a model with another tokenizer: the text stays, its
// tokens are the new model's.
func TestOtherVocabulary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.context, f.says = 1000, []string{" there was a tern."}
		c := f.start(Options{})
		for i, name := range []string{"spm", "bpe", "spm"} {
			f.tok = backendtest.Vocabulary(t, "../..", name)
			c.Models.Load(name, balanced)
			idle()
			before := text(c.View())
			c.Generate("Once", balanced)
			idle()
			asked := f.asked[i]
			if got := tokenizer.Decode(f.tok, asked); got != before+document.Join(before, "Once") {
				t.Errorf("%s reads %q after %q", name, got, before)
			}
			if v := c.View(); v.Figures.ContextUsed != len(asked)+len(f.tok.EncodeContinuation(f.says[0])) {
				t.Errorf("%s: %d tokens are in use", name, v.Figures.ContextUsed)
			}
		}
	})
}

// TestNewSession changes the context length: the next answer gets another
// session, and only then.
func TestNewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		for i, length := range []int{0, 0, 64, 64, 5000, 0} {
			idle()
			g := balanced
			g.Context = length
			c.Generate("Hi", g)
			idle()
			want := map[int]int{0: 100, 64: 64, 5000: 100}[length]
			if v := c.View(); v.Figures.Context != want || f.sessions != []int{1, 1, 2, 2, 3, 3}[i] {
				t.Errorf("%d: context %d, %d sessions", length, v.Figures.Context, f.sessions)
			}
		}
	})
}
