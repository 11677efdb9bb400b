package history

import (
	"os"
	"time"
)

// staleAfter is how long a file that is being written may stay as it is: its
// writer saves it every few seconds, and may sleep with the machine.
const staleAfter = time.Minute

// Crashed reports whether the program that was writing a conversation ended
// before it could say so.
func (s *Store) Crashed(e Entry, now time.Time) bool {
	if e.Writer == 0 {
		return false
	}
	if e.Writer == os.Getpid() || !alive(e.Writer) {
		return true
	}
	// Another program may have got the number. A file of the future was written
	// before the clock was set back.
	return now.Sub(s.list[e.ID].stamp.changed).Abs() > staleAfter
}
