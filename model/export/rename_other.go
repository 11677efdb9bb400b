//go:build !windows

package export

import "os"

// rename gives a file another name, in place of the file that has it.
func rename(from, to string) error { return os.Rename(from, to) }
