//go:build !windows

package app

import (
	"os"

	"tern/app/cli"
)

// openStreams returns the streams that the program was given, and what to do
// with them at its end: nothing.
func openStreams() (cli.Streams, func()) {
	return cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, func() {}
}
