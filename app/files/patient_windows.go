package files

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

// Patient repeats what fails because another program has the file open, as
// scanners of viruses and the index of the search do with every new file for a
// moment. A file cannot be replaced or moved meanwhile.
func Patient(do func() error) error {
	const patience, most = 2 * time.Second, 100 * time.Millisecond
	begin, pause := time.Now(), time.Millisecond
	for {
		err := do()
		busy := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
			errors.Is(err, windows.ERROR_LOCK_VIOLATION)
		if !busy || time.Since(begin) > patience {
			return err
		}
		time.Sleep(pause)
		pause = min(2*pause, most)
	}
}
