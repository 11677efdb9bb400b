package export

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// rename gives a file another name, in place of the file that has it. Scanners
// of viruses open every new file, and a file that is open cannot be renamed:
// until they have read one of some gigabytes, it tries again.
func rename(from, to string) error {
	const patience, pause = 20 * time.Second, 50 * time.Millisecond
	begin := time.Now()
	for {
		err := os.Rename(from, to)
		busy := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !busy || time.Since(begin) > patience {
			return err
		}
		time.Sleep(pause)
	}
}
