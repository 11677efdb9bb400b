package kit

import (
	"testing"
)

func TestCutSpans(t *testing.T) {
	spans := []Span{Muted("412 tok/s"), Muted(" · "), {Text: "! 410 of 512 tokens (80%)"}, Muted(" · seed 42")}
	for width := float32(10); width < 400; width += 7 {
		got := cutSpans(spans, 12, width)
		if w := WidthOf(12, got...); w > width+0.5 && len(got) > 0 && got[len(got)-1].Text != "…" {
			t.Errorf("%v wide in %v", w, width)
		}
	}
	if got := cutSpans(spans, 12, 1000); len(got) != len(spans) {
		t.Errorf("cut where it fits: %v", got)
	}
}
