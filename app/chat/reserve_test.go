package chat

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
)

// A slow window takes a core away from the next answer on, and another model
// begins with all of them.
func TestReserveCore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, told := newFake(t), []bool{}
		c := f.start(Options{})
		give := func() {
			c.Models.Load("m", balanced)
			idle()
			c.do(func(context.Context) { c.writer.model.Local.ReserveCore = func(on bool) { told = append(told, on) } })
		}
		give()
		c.Generate("Hi", balanced)
		synctest.Wait() // it has begun
		c.Models.ReserveCore()
		idle()
		if !c.View().CoreReserved {
			t.Error("the view does not tell of the core that is left free")
		}
		c.Generate("", balanced)
		idle()
		give()
		c.Generate("", balanced)
		idle()
		if want := []bool{false, true, false}; !slices.Equal(told, want) {
			t.Errorf("the answers left a core to the window: %v, want %v", told, want)
		}
	})
}
