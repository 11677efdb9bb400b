package explain

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"tern/app/hub"
	"tern/app/remote"
	"tern/app/say"
	"tern/model/checkpoint"
)

// unsupported says what is wrong with a model of a kind that Tern does not run.
func unsupported(s subject) (sentence, hint say.Text) {
	hint = say.Say("It runs BitNet b1.58 models and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM).")
	if a, ok := errors.AsType[*checkpoint.ArchitectureError](s.err); ok {
		return say.Say("Tern cannot run {{.Kind}} models yet", "Kind", strconv.Quote(a.Name)), hint
	}
	if f, ok := errors.AsType[*checkpoint.KindError](s.err); ok && f.Ext == strings.ToLower(filepath.Ext(s.path)) {
		return noModel(f.Ext) // it was picked itself
	}
	return say.Say("Tern cannot run this model yet: {{.What}}", "What", strings.TrimPrefix(s.what, "config.json: ")), hint
}

// noModel is said of a file that is not part of a checkpoint.
func noModel(ext string) (sentence, hint say.Text) {
	return say.Say("Tern cannot open {{.Extension}} files", "Extension", ext), say.Say("Drop a model file or folder.")
}

// damaged says what is wrong with a file; most often a download or a copy was not
// finished.
func damaged(s subject) (sentence, hint say.Text) {
	again := say.Say("Copy or download it again.")
	if another(s.path) {
		return say.Say("{{.File}} is not a model", "File", s.file), say.Say("Drop a model file or folder.")
	}
	if errors.Is(s.err, io.ErrUnexpectedEOF) {
		return say.Say("{{.File}} is damaged: it ends too early", "File", s.file), again
	}
	return say.Say("{{.File}} is damaged: {{.What}}", "File", s.file, "What", s.what), again
}

// part matches the name of one of several files that are a model together.
var part = regexp.MustCompile(`(?i)-(\d{5})-of-(\d{5})\.(?:safetensors|gguf)`)

// missing explains that a model, or a part of it, is not there.
func missing(s subject) (sentence, hint say.Text) {
	file := fileName(s.path)
	picked := part.FindStringSubmatch(file)
	absent := part.FindStringSubmatch(pathIn(s.err))
	together := say.Say("Put all parts in one folder.")
	switch {
	case absent != nil && picked != nil:
		return say.Say("{{.File}} is one of {{.Parts}} parts; part {{.Part}} is missing",
			"File", file, "Parts", number(absent[2]), "Part", number(absent[1])), together
	case absent != nil:
		return say.Say("{{.File}} has {{.Parts}} parts; part {{.Part}} is missing",
			"File", file, "Parts", number(absent[2]), "Part", number(absent[1])), together
	}
	switch info, statErr := os.Stat(s.path); {
	case errors.Is(statErr, fs.ErrNotExist):
		return say.Say("{{.File}} is not there any more", "File", file), say.Say("It was moved or deleted; open it from where it is now.")
	case picked != nil:
		return say.Say("{{.File}} is one of {{.Parts}} parts; their index is missing", "File", file, "Parts", number(picked[2])), together
	case statErr == nil && !info.IsDir() && !isModelFile(file):
		return noModel(filepath.Ext(file))
	case statErr == nil && !info.IsDir():
		return say.Say("{{.File}} is not a model", "File", file), say.Say("Drop a model file or folder.")
	}
	return say.Say("No model in this folder"), say.Say("Choose a folder with config.json, or a .safetensors or .gguf file.")
}

// pathIn returns the path that a file system's error names, "" if it names none.
func pathIn(err error) string {
	var in *fs.PathError
	if errors.As(err, &in) {
		return in.Path
	}
	return ""
}

// isModelFile reports whether a file of this name can be part of a checkpoint.
func isModelFile(file string) bool {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".safetensors", ".json", ".model", ".gguf", "":
		return true
	}
	return false
}

// number drops the zeros before a number of digits.
func number(digits string) string {
	n, _ := strconv.Atoi(digits) // five digits, as the expression says
	return strconv.Itoa(n)
}

// another reports whether a file does not begin as its ending says: it is not a damaged
// model, but something else.
func another(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	begin := make([]byte, 9)
	n, _ := io.ReadFull(f, begin)
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gguf":
		return n >= 4 && string(begin[:4]) != "GGUF"
	case ".safetensors":
		return n == 9 && begin[8] != '{' // after the length of its header
	}
	return false
}

// onHost sets what words about a server and its model use.
func onHost(w words) words {
	return func(s subject) (say.Text, say.Text) {
		base, name, _ := remote.Split(s.path)
		s.host, s.name = remote.Host(base), name
		if name == "" {
			s.host = remote.Host(s.path)
		}
		s.what = strings.TrimPrefix(strings.TrimPrefix(s.what, "remote: "), base+": ")
		return w(s)
	}
}

// noRoom says how much room a download needs.
func noRoom(s subject) (sentence, hint say.Text) {
	space, _ := errors.AsType[*hub.SpaceError](s.err) // as the row says
	return say.Say("Needs {{.Need}}, {{.Free}} free on disk", "Need", size(space.Need), "Free", size(space.Free)),
		say.Say("Free space or choose another folder.")
}

// size writes bytes as MB below 1 GB and as GB above.
func size(n int64) string {
	if n >= 999_500_000 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}
