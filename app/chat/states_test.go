package chat

import (
	"testing"
	"testing/synctest"
	"time"

	"tern/app/settings"
	"tern/inference"
)

func (s State) String() string {
	return [...]string{"NoModel", "Loading", "Ready", "Prefilling", "Generating", "Stopping", "Waiting"}[s]
}

// situations bring a controller with the document "Hi abc" into each state.
// Whoever writes there writes the answer to "more".
var situations = []struct {
	name  string
	state State
	enter func(*Controller)
}{
	{"no model", NoModel, func(c *Controller) { c.Models.Unload() }},
	{"loading", Loading, func(c *Controller) { c.Models.Unload(); c.Models.Load("next", balanced) }},
	{"loading beside", Loading, func(c *Controller) { c.Models.Load("next", balanced) }},
	{"ready", Ready, func(c *Controller) {}},
	{"prefilling", Prefilling, func(c *Controller) { c.Generate("more", balanced) }},
	{"generating", Generating, func(c *Controller) { c.Generate("more", balanced); time.Sleep(perPrompt + 3*perToken/2) }},
	{"stopping", Stopping, func(c *Controller) {
		c.Generate("more", balanced)
		time.Sleep(perPrompt + 30*time.Millisecond) // in the middle of a token that takes 50
		c.Stop()
	}},
}

// TestCommands gives each command in each state. now is the state at once, end
// the one in which everything comes to rest, and text the document then.
func TestCommands(t *testing.T) {
	type result struct {
		now, end State
		text     string
	}
	type results [7]result // in the order of situations
	for _, command := range []struct {
		name string
		give func(*Controller)
		want results
	}{
		{"generate", func(c *Controller) { c.Generate("x", balanced) }, results{
			{NoModel, NoModel, "Hi abc x"},
			{Loading, Ready, "Hi abc x"},
			{Prefilling, Ready, "Hi abc x abc"},
			{Prefilling, Ready, "Hi abc x abc"},
			{Prefilling, Ready, "Hi abc more x abc"},
			{Prefilling, Ready, "Hi abc more x abc"},
			{Stopping, Ready, "Hi abc more x abc"},
		}},
		{"retry", func(c *Controller) { c.Retry(balanced) }, results{
			{NoModel, NoModel, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Prefilling, Ready, "Hi abc"},
			{Prefilling, Ready, "Hi abc"},
			{Prefilling, Ready, "Hi abc more abc"},
			{Prefilling, Ready, "Hi abc more abc"},
			{Stopping, Ready, "Hi abc more abc"},
		}},
		{"stop", (*Controller).Stop, results{
			{NoModel, NoModel, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Ready, Ready, "Hi abc"},
			{Ready, Ready, "Hi abc more"},
			{Ready, Ready, "Hi abc more "},
			{Stopping, Ready, "Hi abc more"},
		}},
		{"undo", (*Controller).Undo, results{
			{NoModel, NoModel, ""},
			{Loading, Ready, ""},
			{Loading, Ready, ""},
			{Ready, Ready, ""},
			{Ready, Ready, "Hi abc"},
			{Ready, Ready, "Hi abc"},
			{Stopping, Ready, "Hi abc"},
		}},
		{"new", (*Controller).New, results{
			{NoModel, NoModel, ""},
			{Loading, Ready, ""},
			{Loading, Ready, ""},
			{Ready, Ready, ""},
			{Ready, Ready, ""},
			{Ready, Ready, ""},
			{Ready, Ready, ""},
		}},
		{"drop oldest", (*Controller).DropOldest, results{
			{NoModel, NoModel, "abc"},
			{Loading, Ready, "abc"},
			{Loading, Ready, "abc"},
			{Ready, Ready, "abc"},
			{Ready, Ready, "abc more"},
			{Ready, Ready, "more "},
			{Stopping, Ready, "abc more"},
		}},
		{"load", func(c *Controller) { c.Models.Load("other", balanced) }, results{
			{Loading, Ready, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Loading, Ready, "Hi abc more"},
			{Loading, Ready, "Hi abc more "},
			{Stopping, Ready, "Hi abc more"},
		}},
		{"cancel the load", func(c *Controller) { c.Models.CancelLoad() }, results{
			{NoModel, NoModel, "Hi abc"},
			{NoModel, NoModel, "Hi abc"},
			{Ready, Ready, "Hi abc"},
			{Ready, Ready, "Hi abc"},
			{Prefilling, Ready, "Hi abc more abc"},
			{Generating, Ready, "Hi abc more abc"},
			{Stopping, Ready, "Hi abc more"},
		}},
		{"unload", func(c *Controller) { c.Models.Unload() }, results{
			{NoModel, NoModel, "Hi abc"},
			{NoModel, NoModel, "Hi abc"},
			{NoModel, NoModel, "Hi abc"},
			{NoModel, NoModel, "Hi abc"},
			{NoModel, NoModel, "Hi abc more"},
			{NoModel, NoModel, "Hi abc more "},
			{Stopping, NoModel, "Hi abc more"},
		}},
		{"dismiss the problem", (*Controller).DismissProblem, results{
			{NoModel, NoModel, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Loading, Ready, "Hi abc"},
			{Ready, Ready, "Hi abc"},
			{Prefilling, Ready, "Hi abc more abc"},
			{Generating, Ready, "Hi abc more abc"},
			{Stopping, Ready, "Hi abc more"},
		}},
		{"close", (*Controller).Close, results{
			{NoModel, NoModel, "Hi abc"},
			{NoModel, NoModel, "Hi abc"},
			{Ready, Ready, "Hi abc"},
			{Ready, Ready, "Hi abc"},
			{Ready, Ready, "Hi abc more"},
			{Ready, Ready, "Hi abc more "},
			{Ready, Ready, "Hi abc more"},
		}},
	} {
		for i, in := range situations {
			t.Run(command.name+"/"+in.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(t)
					c := f.start(Options{})
					c.Models.Load("first", balanced)
					idle()
					c.Generate("Hi", balanced)
					idle()
					if in.state == Stopping {
						f.stalls = 50 * time.Millisecond
					}
					in.enter(c)
					synctest.Wait()
					if v := c.View(); v.State != in.state {
						t.Fatalf("state is %v, want %v: %+v", v.State, in.state, v)
					}
					command.give(c)
					synctest.Wait()
					now := c.View().State
					idle()
					v := c.View()
					if got := (result{now, v.State, text(v)}); got != command.want[i] {
						t.Errorf("%v, want %v", got, command.want[i])
					}
				})
			})
		}
	}
}

// TestOrder gives commands faster than the worker takes them: they count in
// the order in which they were given.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		give func(*Controller)
		want string
	}{
		{"stop before the answer begins", func(c *Controller) { c.Generate("Hi", balanced); c.Stop() }, "Hi"},
		{"twice", func(c *Controller) { c.Generate("Hi", balanced); c.Generate("", balanced) }, "Hi abc"},
		{"words twice", func(c *Controller) { c.Generate("Hi", balanced); c.Generate("ho", balanced) }, "Hi ho abc"},
		{"taken back", func(c *Controller) { c.Generate("Hi", balanced); c.Undo() }, ""},
		{"another conversation", func(c *Controller) { c.Generate("Hi", balanced); c.New(); c.Undo() }, ""},
		{"another model", func(c *Controller) { c.Generate("Hi", balanced); c.Models.Load("b", balanced) }, "Hi"},
		{"closed", func(c *Controller) { c.Generate("Hi", balanced); c.Close(); c.Generate("ho", balanced) }, "Hi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				ctl := f.start(Options{})
				ctl.Models.Load("a", balanced)
				idle()
				c.give(ctl)
				idle()
				if v := ctl.View(); text(v) != c.want {
					t.Errorf("%q, want %q", text(v), c.want)
				}
			})
		})
	}
}

func TestStopWithinOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.says = []string{" and on and on and on and on"}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("It goes", balanced)
		time.Sleep(perPrompt + 5*perToken + perToken/2)
		c.Stop()
		synctest.Wait()
		v := c.View()
		if f.generated != 5 || text(v) != "It goes and " {
			t.Errorf("%d tokens, %q", f.generated, text(v))
		}
		if v.State != Ready || v.Figures.Stop != StoppedByUser || v.Figures.Generated != 5 {
			t.Errorf("%v, %+v", v.State, v.Figures)
		}
	})
}

func TestFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		g := balanced
		g.RandomSeed, g.Seed, g.MaxTokens = false, 7, 3
		c.Models.Load("a", g)
		idle()
		if v := c.View(); v.Figures != (Figures{Context: 100}) {
			t.Errorf("at rest: %+v", v.Figures)
		}
		c.Generate("Hi", g)
		synctest.Wait()
		if got, want := c.View().Figures, (Figures{Context: 100, ContextUsed: 3, Seed: 7, MaxTokens: 3, PromptTotal: 3}); got != want {
			t.Errorf("reading the prompt: %+v, want %+v", got, want)
		}
		idle()
		want := Figures{
			Rate: 500, FirstToken: perPrompt, Context: 100, ContextUsed: 6, Seed: 7, Generated: 3, MaxTokens: 3,
			PromptDone: 3, PromptTotal: 3, Stop: ReachedLength,
		}
		if got := c.View().Figures; got != want {
			t.Errorf("at the end: %+v, want %+v", got, want)
		}
		sampled := g.Params
		sampled.Seed = 7
		if o := f.options[0]; o.MaxTokens != 3 || o.EndSentence != inference.SentenceRoom || o.Sampling != sampled {
			t.Errorf("options %+v", o)
		}
		c.Generate("", g)
		synctest.Wait()
		if got := c.View().Figures.PromptTotal; got != 1 {
			t.Errorf("%d ids to read, want the one that the cache lacks", got)
		}
		idle()
		c.Undo()
		synctest.Wait()
		if got := c.View().Figures; got != (Figures{Context: 100, ContextUsed: 6}) {
			t.Errorf("after Undo: %+v", got)
		}
	})
}

func TestSeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		fixed := balanced
		fixed.RandomSeed, fixed.Seed = false, 42
		c.Models.Load("a", balanced)
		seen := map[uint32]int{}
		for _, g := range []settings.Generation{balanced, balanced, balanced, fixed, fixed} {
			idle()
			c.Retry(g) // there is none yet the first time
			idle()
			c.Generate("", g)
			idle()
			v := c.View()
			seen[v.Figures.Seed]++
			if o := f.options[len(f.options)-1]; o.Sampling.Seed != uint64(v.Figures.Seed) {
				t.Errorf("seed %d is shown, %d was used", v.Figures.Seed, o.Sampling.Seed)
			}
		}
		if seen[42] != 2 || len(seen) != 4 {
			t.Errorf("seeds %v, want three different ones and twice 42", seen)
		}
	})
}
