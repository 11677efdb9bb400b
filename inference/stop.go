package inference

import "strings"

// stopper watches a stream of text for stop strings, which may be spread over
// several tokens. It holds back text that may be the beginning of one.
type stopper struct {
	stops []string
	held  string
}

func newStopper(stops []string) *stopper {
	s := &stopper{}
	for _, stop := range stops {
		if stop != "" {
			s.stops = append(s.stops, stop)
		}
	}
	return s
}

// push adds text. It returns what may be shown, and the stop string that begins
// first, if one is complete: the text ends before it.
func (s *stopper) push(text string) (out, found string) {
	if len(s.stops) == 0 {
		return text, ""
	}
	s.held += text
	at := len(s.held)
	for _, stop := range s.stops {
		if i := strings.Index(s.held, stop); i >= 0 && i < at {
			at, found = i, stop
		}
	}
	if found != "" {
		out, s.held = s.held[:at], ""
		return out, found
	}
	keep := 0
	for _, stop := range s.stops {
		keep = max(keep, overlap(s.held, stop))
	}
	out, s.held = s.held[:len(s.held)-keep], s.held[len(s.held)-keep:]
	return out, ""
}

// flush returns what was held back, at the end of the text.
func (s *stopper) flush() string {
	out := s.held
	s.held = ""
	return out
}

// overlap is the length of the longest end of text with which stop begins.
func overlap(text, stop string) int {
	for n := min(len(text), len(stop)-1); n > 0; n-- {
		if text[len(text)-n:] == stop[:n] {
			return n
		}
	}
	return 0
}
