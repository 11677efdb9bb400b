package crash

import "strings"

// split tells what a file says of the program from what the runtime added when
// it ended: that begins with one of few words.
func split(text string) (about, trace string) {
	at := 0
	for line := range strings.Lines(text) {
		for _, word := range []string{"panic: ", "fatal error: ", "runtime: ", "SIG", "unexpected fault", "goroutine ", "[signal "} {
			if strings.HasPrefix(line, word) {
				return text[:at], text[at:]
			}
		}
		at += len(line)
	}
	return text, ""
}

// safe begins what the runtime says by itself of a panic. Everything else that a
// panic says comes from whoever called panic, and may quote the user.
var safe = []string{
	"runtime error: ", "interface conversion: ", "assignment to entry in nil map", "close of ", "send on closed channel",
	"all goroutines are asleep",
}

// wordless removes from what the runtime wrote the values that panics were
// called with. Of the stacks it keeps all: they hold names and numbers only.
func wordless(trace string) string {
	var b strings.Builder
	stacks, hidden := false, false
	for line := range strings.Lines(trace) {
		value, isPanic := strings.CutPrefix(strings.TrimLeft(line, "\t"), "panic: ")
		switch {
		case stacks, strings.HasPrefix(line, "goroutine "):
			stacks = true
		case isPanic:
			if hidden = !begins(value, safe); hidden {
				line = "panic: (its words are left out)\n"
			}
		case begins(line, []string{"fatal error: ", "runtime: ", "SIG", "unexpected fault", "[signal ", "PC=", "\n"}):
			hidden = false
		case hidden: // a value of several lines
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

func begins(text string, with []string) bool {
	for _, w := range with {
		if strings.HasPrefix(text, w) {
			return true
		}
	}
	return false
}
