// Soaking uses the conversation without its window for a long time, as a user
// at random does, and judges what a program held meanwhile.
//
//	soaking drive SECONDS MODEL...    a MODEL that ends in broken.gguf must be refused
//	soaking judge PLOT.svg NAME=SAMPLES.csv...
//
// What drive prints ends in how often it did what; it fails when an answer of a
// fixed seed is another than at the start, when anything hangs, and when there is
// a problem that it did not ask for. judge draws the samples that a program built
// with the tag soak took, and fails when it held more in the end than once warm.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "soaking:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) > 2 && args[0] == "drive":
		seconds, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return drive(time.Duration(seconds)*time.Second, args[2:])
	case len(args) > 2 && args[0] == "judge":
		return judge(args[1], args[2:])
	}
	return errors.New("usage: soaking drive SECONDS MODEL..., or soaking judge PLOT.svg NAME=SAMPLES.csv [NAME=SAMPLES.csv]")
}
