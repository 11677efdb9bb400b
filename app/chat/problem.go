package chat

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"tern/app/files"
	"tern/app/history"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/tokenizer"
)

// errNoTokenizer is the failure to open a checkpoint that the window could
// only run with ids.
var errNoTokenizer = errors.New("chat: the checkpoint has no tokenizer files")

// Explain says err in a sentence and a hint. path is the model or file it is
// about, empty for the built-in model; only its last element is ever shown.
func Explain(err error, path string) Problem {
	p := Problem{Detail: err.Error()}
	var inside *inference.Panic
	if errors.As(err, &inside) {
		p.Detail += "\n\n" + string(inside.Stack)
	}
	p.Sentence, p.Hint = explain(err, path)
	p.Unsupported = errors.Is(err, model.ErrUnsupported) || errors.Is(err, tokenizer.ErrUnsupported)
	return p
}

// again is the hint to a file that is not as it was made.
var again = Say("Copy or download it again.")

func explain(err error, path string) (sentence, hint Text) {
	var file any = fileName(path)
	if path == "" {
		file = Say("The built-in model")
	}
	if sentence, hint, ok := explainRemote(err, path); ok {
		return sentence, hint
	}
	what := reason(err, path)
	switch {
	case errors.As(err, new(*inference.Panic)):
		return Say("Something went wrong inside Tern"), Say("Your text is kept. Try again; the report behind More helps to mend it.")
	case errors.Is(err, settings.ErrDamaged):
		return Say("Settings could not be read"), Say("Defaults are in use; the old file was kept beside it.")
	case errors.Is(err, export.ErrNoSpace):
		return Say("There is not enough room for {{.File}}", "File", file), Say("Free some space, or choose another folder.")
	case errors.Is(err, history.ErrDamaged):
		return Say("A conversation could not be read"), Say("The damaged file was kept beside the others.")
	case errors.Is(err, history.ErrNewer):
		return Say("A newer Tern wrote one of the conversations"), Say("It was left as it is; that Tern can read it.")
	case files.Full(err):
		return Say("Could not save: the disk is full"), Say("Free some space; your text is kept in memory.")
	case strings.HasPrefix(err.Error(), "history: "):
		return Say("A conversation could not be saved or read: {{.What}}", "What", cause(err)), Say("Your text is kept in memory; check the folder of the settings.")
	case errors.Is(err, files.ErrNotWritten):
		return Say("Settings could not be saved: {{.What}}", "What", cause(err)), Say("They hold until Tern closes; check their folder.")
	case errors.Is(err, inference.ErrMemory), errors.Is(err, syscall.ENOMEM):
		return Say("Not enough memory"), Say("Close other apps or choose a shorter context.")
	case errors.Is(err, errNoTokenizer):
		return Say("This model has no tokenizer"), Say("Put tokenizer.json or tokenizer.model beside it.")
	case errors.Is(err, inference.ErrRefused):
		return Say("This model does not take the conversation: {{.What}}", "What", what),
			Say("Undo the last message, or start a new conversation.")
	case errors.Is(err, inference.ErrTemplate):
		return Say("The chat template of this model cannot be used: {{.What}}", "What", what),
			Say("Look for a newer file of the model, or open another one.")
	case errors.Is(err, inference.ErrNonFinite):
		return Say("The model produced invalid numbers"), Say("The file may be damaged.")
	case errors.Is(err, model.ErrUnsupported):
		return unsupported(what, path)
	case errors.Is(err, tokenizer.ErrUnsupported):
		return Say("Tern cannot read this model's tokenizer yet: {{.What}}", "What", what),
			Say("It reads SentencePiece and byte-level BPE tokenizers.")
	case errors.Is(err, checkpoint.ErrStandIn):
		return Say("This is not the model itself: {{.What}}", "What", what), Say("Download the files themselves; a page of the hub lists them under Files.")
	case errors.Is(err, tokenizer.ErrOther):
		return Say("The tokenizer is not this model's: {{.What}}", "What", what), Say("Put the model's own tokenizer files beside it.")
	case errors.Is(err, model.ErrDamaged) && another(path):
		return Say("{{.File}} is not a model", "File", file), Say("Drop a model file or folder.")
	case errors.Is(err, model.ErrDamaged), errors.Is(err, tokenizer.ErrDamaged):
		if errors.Is(err, io.ErrUnexpectedEOF) || endsEarly(what) {
			return Say("{{.File}} is damaged: it ends too early", "File", file), again
		}
		return Say("{{.File}} is damaged: {{.What}}", "File", file, "What", what), again
	case errors.Is(err, model.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return missing(err, path)
	case errors.Is(err, fs.ErrPermission):
		return Say("Tern is not allowed to read {{.File}}", "File", file), Say("Change its permissions, or copy it to a folder of yours.")
	case errors.As(err, new(*fs.PathError)):
		return Say("{{.File}} could not be read", "File", file), Say("Check the disk, or copy the file again.")
	}
	return Say("Something went wrong: {{.What}}", "What", what), Say("Try again, or open another model.")
}

// cause is what the system says of a file, without its name.
func cause(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return prefix.ReplaceAllString(err.Error(), "")
}

// contextFull is the problem of a document that leaves no room to write.
func contextFull(f *Figures) *Problem {
	p := &Problem{
		Sentence: Say("This conversation fills the model's {{.Tokens}} tokens.", "Tokens", thousands(f.Context)),
		Hint:     Say("Drop the oldest part, or start a new conversation."),
		Detail:   inference.ErrContextFull.Error(),
	}
	if f.Short {
		p.Sentence = Say("This computer has memory left for {{.Tokens}} tokens of this conversation.", "Tokens", thousands(f.Context))
		p.Hint = Say("Close other apps, drop the oldest part, or start a new conversation.")
		p.Detail = inference.ErrMemory.Error()
	}
	return p
}

// architecture matches what checkpoint.Open calls a kind of model it does not know.
var architecture = regexp.MustCompile(`^(?:architecture|model type) ("[^"]*") is not`)

func unsupported(what, path string) (sentence, hint Text) {
	what = strings.TrimPrefix(what, "config.json: ")
	hint = Say("It runs BitNet b1.58 and ternary Llama models.")
	ext := strings.ToLower(filepath.Ext(path))
	switch found := architecture.FindStringSubmatch(what); {
	case found != nil:
		return Say("Tern cannot run {{.Kind}} models yet", "Kind", found[1]), hint
	case ext != "" && strings.Contains(what, ext+" files"):
		return noModel(ext)
	}
	return Say("Tern cannot run this model yet: {{.What}}", "What", what), hint
}

// another tells if a file does not begin as its ending says: it is no damaged
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
		return n == 9 && begin[8] != '{' // behind the length of its header
	}
	return false
}

// noModel is said of a file that is no part of a checkpoint.
func noModel(ext string) (sentence, hint Text) {
	return Say("Tern cannot open {{.Extension}} files", "Extension", ext), Say("Drop a model file or folder.")
}

// beyond matches what safetensors says of a tensor outside the file.
var beyond = regexp.MustCompile(`bytes \d+ to (\d+) of a buffer of (\d+)`)

// endsEarly tells whether a file is damaged in the most usual way: a download
// or a copy that was not finished.
func endsEarly(what string) bool {
	if found := beyond.FindStringSubmatch(what); found != nil {
		end, _ := strconv.ParseInt(found[1], 10, 64) // digits; the largest number if there are too many
		size, _ := strconv.ParseInt(found[2], 10, 64)
		return end > size
	}
	return strings.Contains(what, "ends past the file") || strings.Contains(what, "too few for a header") || tooShort.MatchString(what)
}

// tooShort matches what gguf says of a file that ends before what it announces.
var tooShort = regexp.MustCompile(`bytes are asked for at byte \d+ of \d+|in the last \d+ bytes|do not fit \d+ bytes|starts at byte \d+ of \d+`)

// part matches the name of one of several files that are a model together.
var part = regexp.MustCompile(`-(\d{5})-of-(\d{5})\.(?:safetensors|gguf)`)

// missing explains that a model, or a part of it, is not there.
func missing(err error, path string) (sentence, hint Text) {
	file := fileName(path)
	picked := part.FindStringSubmatch(file)
	absent := part.FindStringSubmatch(pathIn(err))
	together := Say("Put all parts in one folder.")
	switch {
	case absent != nil && picked != nil:
		return Say("{{.File}} is one of {{.Parts}} parts; part {{.Part}} is missing",
			"File", file, "Parts", number(absent[2]), "Part", number(absent[1])), together
	case absent != nil:
		return Say("{{.File}} has {{.Parts}} parts; part {{.Part}} is missing",
			"File", file, "Parts", number(absent[2]), "Part", number(absent[1])), together
	}
	switch info, statErr := os.Stat(path); {
	case errors.Is(statErr, fs.ErrNotExist):
		return Say("{{.File}} is not there any more", "File", file), Say("It was moved or deleted; open it from where it is now.")
	case picked != nil:
		return Say("{{.File}} is one of {{.Parts}} parts; their index is missing", "File", file, "Parts", number(picked[2])), together
	case statErr == nil && !info.IsDir() && !isModelFile(file):
		return noModel(filepath.Ext(file))
	case statErr == nil && !info.IsDir():
		return Say("{{.File}} is not a model", "File", file), Say("Drop a model file or folder.")
	}
	return Say("No model in this folder"), Say("Choose a folder with config.json, or a .safetensors or .gguf file.")
}

// pathIn returns the path that a file system's error names, "" if it names none.
func pathIn(err error) string {
	var in *fs.PathError
	if errors.As(err, &in) {
		return in.Path
	}
	return ""
}

// isModelFile tells whether a file of this name can be part of a checkpoint.
func isModelFile(file string) bool {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".safetensors", ".json", ".model", ".gguf", "":
		return true
	}
	return false
}

// prefix matches the packages that passed an error up.
var prefix = regexp.MustCompile(`^(?:(?:model|safetensors|gguf|tokenizer|inference|chat|settings|history): )+`)

// reason returns what an error says between the package that says it and the
// sentinel it wraps, without the folder that path is in.
func reason(err error, path string) string {
	text := err.Error()
	for _, sentinel := range []error{
		inference.ErrRefused, inference.ErrTemplate, model.ErrUnsupported, model.ErrDamaged, model.ErrNotFound, checkpoint.ErrStandIn,
		tokenizer.ErrUnsupported, tokenizer.ErrDamaged, tokenizer.ErrOther,
	} {
		text = strings.TrimSuffix(text, ": "+sentinel.Error())
		text = strings.ReplaceAll(text, ": "+sentinel.Error()+": ", ": ")
	}
	text = strings.ReplaceAll(prefix.ReplaceAllString(text, ""), ": not a valid GGUF file", "")
	if path != "" {
		text = strings.ReplaceAll(text, path, fileName(path))
		text = strings.ReplaceAll(text, filepath.Dir(path)+string(filepath.Separator), "")
	}
	return text
}

// fileName is all that is shown of a path.
func fileName(path string) string {
	if path == "" {
		return "The built-in model"
	}
	return filepath.Base(path)
}

// number drops the zeros before a number of digits.
func number(digits string) string {
	n, _ := strconv.Atoi(digits) // five digits, as the expression says
	return strconv.Itoa(n)
}

// thousands writes n as 2,048.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
