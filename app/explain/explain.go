package explain

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"tern/app/hub"
	"tern/app/remote"
	"tern/app/say"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// Problem says err in a sentence and a hint. path is the model or file it is
// about, empty for the built-in model; only its last element is ever shown.
func Problem(err error, path string) say.Problem { return problem(err, path, false) }

// Download is Problem for the download of the repository with this id.
func Download(err error, id string) say.Problem { return problem(err, id, true) }

// Search explains an error of looking for models on a site.
func Search(err error) say.Problem {
	p := say.Problem{Detail: err.Error()}
	wait := hub.Wait(err)
	switch {
	case errors.Is(err, hub.ErrBusy) && wait > 0:
		p.Sentence, p.Hint = say.Say("The site asks you to wait {{.Seconds}} s", "Seconds", int(wait.Seconds()+0.5)), say.Say("Search again after that.")
	case errors.Is(err, hub.ErrBusy):
		p.Sentence, p.Hint = say.Say("The site is busy"), say.Say("Search again in a while.")
	case errors.Is(err, hub.ErrNetwork):
		p.Sentence, p.Hint = say.Say("No connection"), say.Say("The models on this computer need none.")
	case errors.Is(err, hub.ErrNotFound):
		p.Sentence, p.Hint = say.Say("This site cannot be searched"), say.Say("Type a repository id, OWNER/NAME, instead.")
	default:
		return Download(err, "")
	}
	return p
}

// Waiting is Download for an error after which the download goes on by itself,
// in so long.
func Waiting(err error, wait time.Duration) say.Problem {
	p := say.Problem{Detail: err.Error(), Hint: say.Say("It resumes by itself.")}
	if errors.Is(err, hub.ErrBusy) {
		p.Sentence = say.Say("The site asks you to wait {{.Seconds}} s", "Seconds", int(wait.Seconds()+0.5))
	} else {
		p.Sentence = say.Say("No connection")
	}
	return p
}

// Hint says on the terminal what to do about err, "" where nobody knows.
func Hint(err error) string { return find(err, false).hint }

// Client is what the server tells a client of an error.
type Client struct {
	Status  int // of HTTP
	Code    string
	Message string // a sentence, and what to do
}

// ForClient returns what a client of the server is told of err. ok is false where
// there are no words but the error's.
func ForClient(err error) (c Client, ok bool) {
	c = find(err, false).client
	return c, c != Client{}
}

// find returns the first row of the table that takes err.
func find(err error, download bool) *row {
	for i := range table {
		if r := &table[i]; (download || !r.download) && r.is(err) {
			return r
		}
	}
	panic("explain: the last row takes every error")
}

func problem(err error, path string, download bool) say.Problem {
	p := say.Problem{Detail: err.Error(),
		Unsupported: errors.Is(err, model.ErrUnsupported) || errors.Is(err, tokenizer.ErrUnsupported)}
	if inside, ok := errors.AsType[*inference.Panic](err); ok {
		p.Detail += "\n\n" + string(inside.Stack)
	}
	s := subject{err: err, path: path, file: fileName(path), what: reason(err, path)}
	if path == "" {
		s.file = say.Say("The built-in model")
	}
	say := find(err, download).words
	if say == nil {
		say = whatever
	}
	p.Sentence, p.Hint = say(s)
	return p
}

// subject is what words are about.
type subject struct {
	err  error
	path string // of the model or file, or the id of a repository
	file any    // what is shown of path, a string or a say.Text
	what string // what err says, without what the words say already

	host, name string // of a server and of its model; set by onHost
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

// prefix matches the packages that passed an error up.
var prefix = regexp.MustCompile(`^(?:(?:model|safetensors|gguf|tokenizer|inference|chat|settings|history): )+`)

// reason returns what an error says between the package that says it and the
// sentinel it wraps, without the folder that path is in.
func reason(err error, path string) string {
	text := err.Error()
	for _, sentinel := range []error{
		inference.ErrRefused, inference.ErrTemplate, model.ErrUnsupported, model.ErrDamaged, model.ErrNotFound, checkpoint.ErrStandIn,
		tokenizer.ErrUnsupported, tokenizer.ErrDamaged, tokenizer.ErrOther, remote.ErrRefused,
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
