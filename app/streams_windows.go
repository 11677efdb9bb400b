package app

import (
	"bytes"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/windows"

	"tern/app/cli"
)

var attachConsole = windows.NewLazySystemDLL("kernel32.dll").NewProc("AttachConsole")

// openStreams returns the streams that the program was given, and what to do
// with them at its end. Windows gives a program with a window none: then they are
// those of the terminal that started it. Without a terminal, as from the Start
// menu, a box shows at the end what was written to Err.
func openStreams() (cli.Streams, func()) {
	in, out, errs := given(windows.STD_INPUT_HANDLE), given(windows.STD_OUTPUT_HANDLE), given(windows.STD_ERROR_HANDLE)
	if !out || !errs {
		const parent = ^uintptr(0)
		attached, _, _ := attachConsole.Call(parent)
		if !in {
			os.Stdin = console("CONIN$", attached, os.Stdin)
		}
		if !out {
			os.Stdout = console("CONOUT$", attached, os.Stdout)
		}
		if !errs {
			os.Stderr = console("CONOUT$", attached, os.Stderr)
		}
		out, errs = out || attached != 0, errs || attached != 0
	}
	s := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	if !out {
		s.Out = io.Discard
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		overwritable(f)
	}
	if errs {
		return s, func() {}
	}
	var said bytes.Buffer
	s.Err = &said
	return s, func() { show(said.String()) }
}

// given reports whether the program has the stream.
func given(stream uint32) bool {
	h, err := windows.GetStdHandle(stream)
	if err != nil || h == 0 || h == windows.InvalidHandle {
		return false
	}
	kind, err := windows.GetFileType(h)
	return err == nil && kind != windows.FILE_TYPE_UNKNOWN
}

// console opens a stream of the terminal, if one is attached.
func console(name string, attached uintptr, otherwise *os.File) *os.File {
	if attached == 0 {
		return otherwise
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return otherwise
	}
	return f
}

// overwritable has the terminal, where f is one, understand how progress is
// written over. Terminals of old do not by themselves.
func overwritable(f *os.File) {
	var mode uint32
	if h := windows.Handle(f.Fd()); windows.GetConsoleMode(h, &mode) == nil {
		_ = windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) // an older Windows has none
	}
}

// show shows text in a box, if there is any.
func show(text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	t, err := windows.UTF16PtrFromString(strings.ReplaceAll(text, "\x00", ""))
	title, _ := windows.UTF16PtrFromString("Tern")
	if err == nil {
		_, _ = windows.MessageBox(0, t, title, windows.MB_ICONINFORMATION|windows.MB_SETFOREGROUND)
	}
}
