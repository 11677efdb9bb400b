// Package app is the program: it reads the command line and starts the window
// or one of the front ends in cli.
package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"tern/app/cli"
	"tern/assets"
)

// commands are the front ends that need no window.
var commands = []struct {
	name, does string
	run        func(context.Context, cli.Streams, []string) error
}{
	{"run", "continue a text, or a prompt given as token ids", cli.Run},
	{"serve", "let other programs on this computer use a model", cli.Serve},
	{"replay", "compute the answer of a recipe again, and compare", cli.Replay},
	{"bench", "measure prefill, decode and this machine's memory", cli.Bench},
	{"inspect", "show a checkpoint's configuration, tensors and memory", cli.Inspect},
	{"check", "find out whether a checkpoint is sound, and why it babbles", cli.Check},
	{"pull", "download a model from Hugging Face", cli.Pull},
	{"list", "show the models on this computer", cli.List},
	{"tokenize", "show the token ids of a text", cli.Tokenize},
	{"logits", "write the logits of every position of a prompt", cli.Logits},
	{"pack", "write a checkpoint in its most compact form", cli.Pack},
	{"convert", "write a checkpoint as one GGUF file, a compact copy", cli.Convert},
	{"verify", "compare two checkpoints, tensor by tensor and logit by logit", cli.Verify},
}

// Run is Main with the streams that the system gave the program.
func Run(args []string) int {
	s, done := openStreams()
	defer done()
	return Main(args, s.In, s.Out, s.Err)
}

// Main runs the program with args, the program's name not among them, and
// returns its exit code: 0 done, 1 failed, 2 wrong usage.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		return runWindow("", stderr)
	}
	s := cli.Streams{In: stdin, Out: stdout, Err: stderr}
	if args[0] == "help" && len(args) > 1 {
		args = []string{args[1], "--help"}
	}
	for _, c := range commands {
		if c.name == args[0] {
			ctx, stop := interruptible()
			defer stop()
			forgetStart()
			return cli.Exit(s, c.run(ctx, s, args[1:]))
		}
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, help())
		return 0
	case "version", "-version", "--version":
		fmt.Fprint(stdout, cli.Version())
		return 0
	case "licences", "--licences":
		fmt.Fprint(stdout, assets.Licences())
		return 0
	}
	return openWindow(args, stderr)
}

// openWindow opens the window with the one file or folder that args name. A
// word that is neither a command nor a path is taken for a misspelt command.
func openWindow(args []string, stderr io.Writer) int {
	if args[0] == "--" && len(args) > 1 {
		args = args[1:]
	} else if strings.HasPrefix(args[0], "-") {
		return wrongUsage(stderr, fmt.Sprintf("there is no flag %s before a command", args[0]))
	}
	if len(args) > 1 {
		return wrongUsage(stderr, fmt.Sprintf("%q is not a command; the window opens one model at a time", args[0]))
	}
	if _, err := os.Stat(args[0]); err != nil && !strings.ContainsAny(args[0], separators) {
		return wrongUsage(stderr, fmt.Sprintf("there is no command, file or folder named %q", args[0]))
	}
	return runWindow(args[0], stderr)
}

// separators are what only paths have in them.
const separators = "/" + string(os.PathSeparator)

func wrongUsage(stderr io.Writer, sentence string) int {
	fmt.Fprintf(stderr, "tern: %s.\nHint: tern --help lists the commands.\n", sentence)
	return 2
}

// interruptible returns a context that the first SIGINT or SIGTERM cancels; a
// second one ends the program as if nobody listened.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func help() string {
	var b strings.Builder
	b.WriteString(`Tern runs BitNet b1.58 language models on the CPU.

Usage:
  tern                     open the window with the built-in model
  tern MODEL               open the window with a model
  tern COMMAND [MODEL] …   work without a window

Commands:
`)
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.does)
	}
	b.WriteString(`
MODEL is a checkpoint's folder or a file in it; without one, commands use the
built-in model. Results go to standard output, progress and errors to standard
error. The exit code is 0 when done, 1 when something failed, 2 for wrong usage.

  tern run -p "Once upon a time"
  tern COMMAND --help      the flags of a command, with an example
  tern --version           version, commit and kernels
  tern licences            the licences of all that Tern is built of
`)
	return b.String()
}
