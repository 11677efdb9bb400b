package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// foldedS adds to a pattern what case folding adds and the regexp engine of
// this test does not: U+017F is an s.
func foldedS(pattern string) string {
	return strings.Replace(pattern, "(?i:'s|", "(?i:'s|'ſ|", 1)
}

var compiled = map[string]*regexp2.Regexp{}

// oracle cuts each part by a pattern: its matches and the texts between them.
func oracle(t testing.TB, pattern string, parts []string) (cut []string) {
	t.Helper()
	re := compiled[pattern]
	if re == nil {
		re = regexp2.MustCompile(foldedS(pattern), regexp2.None)
		compiled[pattern] = re
	}
	for _, part := range parts {
		runes, at := []rune(part), 0
		m, err := re.FindStringMatch(part)
		for ; m != nil; m, err = re.FindNextMatch(m) {
			if m.Index > at {
				cut = append(cut, string(runes[at:m.Index]))
			}
			cut = append(cut, m.String())
			at = m.Index + m.Length
		}
		if err != nil {
			t.Fatal(err)
		}
		if at < len(runes) {
			cut = append(cut, string(runes[at:]))
		}
	}
	return cut
}

func cutAll(s step, text string) (cut []string) {
	s(text, atStart, func(word string) { cut = append(cut, word) })
	return cut
}

// randomTexts returns texts of characters that the patterns tell apart.
func randomTexts(count int) []string {
	alphabet := []string{
		"a", "b", "s", "S", "t", "T", "re", "RE", "ve", "m", "ll", "Ll", "L", "d", "ſ", "é", "ñ", "Я", "中", "ʼ", "ǅ",
		"'", "'", "'", "’", " ", " ", " ", "\n", "\r", "\t", "\v", "\u0085", "\u00a0", "\u2003", "\u3000", "\u180e", "\u200b",
		"0", "1", "23", "456", "٣", "½", "²", "Ⅷ", ".", ",", "!", "-", "_", "$", "+", "<", "|", "€", "。", "🙂", "\u0301", "\u0000",
	}
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, count)
	for i := range texts {
		var b strings.Builder
		for range 1 + random.IntN(16) {
			b.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		texts[i] = b.String()
	}
	return texts
}

func TestSplitPatterns(t *testing.T) {
	texts := randomTexts(8000)
	for pattern, split := range splitPatterns {
		for _, text := range texts {
			if got, want := cutAll(each(split), text), oracle(t, pattern, []string{text}); !slices.Equal(got, want) {
				t.Fatalf("pattern %s cuts %q into %q, want %q", pattern, text, got, want)
			}
		}
	}
}

// Every character where its class decides the cut, beyond the two planes of
// living scripts one of 61.
func TestSplitAllOfUnicode(t *testing.T) {
	split := splitPatterns[llama3Pattern]
	var text strings.Builder
	for r := range rune(unicode.MaxRune + 1) {
		if !utf8.ValidRune(r) || r >= 0x20000 && r%61 != 0 {
			continue
		}
		for _, s := range []string{"a", string(r), "1 ", string(r), string(r), "\n"} {
			text.WriteString(s)
		}
		if text.Len() < 1024 {
			continue
		}
		if got, want := cutAll(each(split), text.String()), oracle(t, llama3Pattern, []string{text.String()}); !slices.Equal(got, want) {
			t.Fatalf("up to U+%04X %q is cut into %q, want %q", r, text.String(), got, want)
		}
		text.Reset()
	}
}

// falconSteps is the pre-tokenizer of the Falcon models, whose Digits stand
// behind ByteLevel.
const falconSteps = `{"type":"Sequence","pretokenizers":[
	{"type":"Punctuation","behavior":"Contiguous"},
	{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
	{"type":"Digits","individual_digits":false},
	{"type":"Split","pattern":{"Regex":"[0-9][0-9][0-9]"},"behavior":"Isolated","invert":false}]}`

func TestSplitFalcon(t *testing.T) {
	steps := stepsOf(t, falconSteps)
	for _, text := range randomTexts(5000) {
		want := oracle(t, gpt2Pattern, oracle(t, "[\\p{P}$+<=>^`|~]+", []string{text}))
		for i, part := range want {
			want[i] = mapBytes(part)
		}
		want = oracle(t, digitsPattern, oracle(t, `\p{N}+`, want))
		got := []string{text}
		for _, step := range steps {
			var next []string
			for _, part := range got {
				next = append(next, cutAll(step, part)...)
			}
			got = next
		}
		for i, part := range got {
			got[i] = mapBytes(part)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q is cut into %q, want %q", text, got, want)
		}
	}
}

func TestSplitIsolated(t *testing.T) {
	steps := stepsOf(t, `{"type":"Sequence","pretokenizers":[
		{"type":"Digits","individual_digits":true},{"type":"Punctuation"},
		{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}`)
	for _, text := range randomTexts(5000) {
		if got, want := cutAll(steps[0], text), oracle(t, `\p{N}`, []string{text}); !slices.Equal(got, want) {
			t.Fatalf("Digits cut %q into %q, want %q", text, got, want)
		}
		if got, want := cutAll(steps[1], text), oracle(t, "[\\p{P}$+<=>^`|~]", []string{text}); !slices.Equal(got, want) {
			t.Fatalf("Punctuation cuts %q into %q, want %q", text, got, want)
		}
	}
}

// Splitters cut bytes that are not UTF-8 too, and lose none.
func FuzzSplit(f *testing.F) {
	for _, text := range randomTexts(20) {
		f.Add(text)
	}
	f.Add("\xff' \xc3\n\xe2\x96")
	steps := stepsOf(f, falconSteps)
	for _, split := range splitPatterns {
		steps = append(steps, each(split))
	}
	for _, p := range preTokenizers {
		more, err := p.steps()
		if err != nil {
			f.Fatal(err)
		}
		steps = append(steps, more...)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range steps {
			if got := strings.Join(cutAll(s, text), ""); got != text {
				t.Fatalf("parts of %q join to %q", text, got)
			}
		}
	})
}

// mapBytes spells the bytes of s as a byte-level vocabulary does.
func mapBytes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(byteRunes[s[i]])
	}
	return b.String()
}
