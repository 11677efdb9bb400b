// Tern runs BitNet b1.58 language models on the CPU, in a window or from the
// command line.
package main

import (
	"os"

	"tern/app"
)

func main() {
	os.Exit(app.Run(os.Args[1:]))
}
