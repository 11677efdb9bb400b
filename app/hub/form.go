package hub

import (
	"regexp"
	"slices"
	"strings"
)

// Form is how a GGUF file holds its weights, as its name says: "PQ2_0". "" is a name
// that does not say it.
type Form string

// forms are those that hold ternary or 1-bit weights, the best to take first: those
// that round nothing, the smallest first, before repacks of them. TQ2_0 and TQ1_0 are
// what BitCPM and TriLM are published in, and lossy repacks of Bonsai, whose groups
// of 128 values have scales of their own.
var forms = []Form{"PTQ1_0", "PQ2_0", "Q2_0", "Q2_0_G64", "Q2_G64", "I2_S", "TQ2_0", "TQ1_0", "Q1_0"}

// floats are the forms of unpacked weights, which take eight times the room.
var floats = []Form{"BF16", "F16", "F32"}

// formName finds the form in a name: between the marks that part its words.
var formName = regexp.MustCompile(`(?i)(?:^|[-. _])(ptq1_0|pq2_0|q2_0_g64|q2_g64|q2_0|i2_s|tq2_0|tq1_0|q1_0|stq1_0|bf16|f16|f32|(?:i?q|tl|mxfp)[0-9][a-z0-9_]*)(?:[-. _]|$)`)

// FormOf reads the form from the name of a file.
func FormOf(name string) Form {
	m := formName.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	return Form(strings.ToUpper(m[1]))
}

// Ternary reports whether files of this form hold ternary or 1-bit weights.
func (f Form) Ternary() bool { return slices.Contains(forms, f) }

// Float reports whether files of this form hold unpacked weights.
func (f Form) Float() bool { return slices.Contains(floats, f) }

// rank orders forms: ternary ones, files that do not say it, floats, and those of other
// programs.
func (f Form) rank() int {
	switch i := slices.Index(forms, f); {
	case i >= 0:
		return i
	case f == "":
		return len(forms)
	case f.Float():
		return len(forms) + 1
	}
	return len(forms) + 2
}
