package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"tern/app/chat"
	"tern/app/files"
)

// Explain says err, of a repository with this id, in a sentence and a hint.
func Explain(err error, id string) chat.Problem {
	p := chat.Problem{Detail: err.Error()}
	p.Sentence, p.Hint = explain(err, id)
	return p
}

// ExplainWait is Explain for an error after which the download goes on by
// itself, in so long.
func ExplainWait(err error, wait time.Duration) chat.Problem {
	p := chat.Problem{Detail: err.Error(), Hint: chat.Say("It resumes by itself.")}
	if errors.Is(err, ErrBusy) {
		p.Sentence = chat.Say("The site asks you to wait {{.Seconds}} s", "Seconds", int(wait.Seconds()+0.5))
	} else {
		p.Sentence = chat.Say("No connection")
	}
	return p
}

func explain(err error, id string) (sentence, hint chat.Text) {
	space := new(SpaceError)
	switch {
	case errors.As(err, &space):
		return chat.Say("Needs {{.Need}}, {{.Free}} free on disk", "Need", size(space.Need), "Free", size(space.Free)),
			chat.Say("Free space or choose another folder.")
	case files.Full(err):
		return chat.Say("The disk is full"), chat.Say("Free some space, then resume: what came is kept.")
	case errors.Is(err, ErrBusy):
		return chat.Say("The site is busy"), chat.Say("Try again later; what came is kept.")
	case errors.Is(err, ErrNetwork):
		return chat.Say("No connection"), chat.Say("Check the network, then resume: what came is kept.")
	case errors.Is(err, ErrGated):
		return chat.Say("This model needs permission"), chat.Say("Accept its licence on the site, then add your access token.")
	case errors.Is(err, ErrNoToken):
		return chat.Say("This model needs a valid access token"), chat.Say("Make one on the site, then add it in Settings.")
	case errors.Is(err, ErrNotFound):
		return chat.Say("There is no {{.Repository}}, or it is private", "Repository", id),
			chat.Say("Check the name, or add your access token in Settings.")
	case errors.Is(err, ErrChecksum):
		return chat.Say("Checksum does not match"), chat.Say("The damaged part was removed.")
	case errors.Is(err, ErrSize):
		return chat.Say("The site sends another file than it lists"), chat.Say("Try again later, or from another site.")
	case errors.Is(err, ErrName):
		return chat.Say("The site lists a file name that would leave the folder"), chat.Say("Nothing was downloaded.")
	case errors.Is(err, ErrNoSum):
		return chat.Say("The site lists no checksum for this model"), chat.Say("Nothing was downloaded, since it could not be verified.")
	case errors.Is(err, ErrNoModel):
		return chat.Say("Tern cannot run what is in this repository"), chat.Say("It takes BitNet b1.58 and ternary Llama models, as safetensors or GGUF.")
	case errors.Is(err, ErrExists):
		return chat.Say("Another file of the same name is in the folder"), chat.Say("It was left alone. Choose another folder.")
	case errors.Is(err, ErrTaken):
		return chat.Say("Another Tern is downloading this model"), chat.Say("Wait until it is done.")
	case errors.Is(err, ErrID):
		return chat.Say("That is not a repository id"), chat.Say("It looks like OWNER/NAME.")
	}
	return explainRest(err)
}

// explainRest says what is wrong with the settings or with this computer.
func explainRest(err error) (sentence, hint chat.Text) {
	switch {
	case errors.Is(err, ErrInsecure):
		return chat.Say("The site cannot be reached securely"), chat.Say("Only HTTPS is used. Check its address in Settings.")
	case errors.Is(err, ErrAddress):
		return chat.Say("The address of the site is not one"), chat.Say("It looks like https://huggingface.co; change it in Settings.")
	case errors.Is(err, ErrToken):
		return chat.Say("The access token holds characters that no token has"), chat.Say("Copy it again, in Settings.")
	case errors.Is(err, ErrAnswer):
		return chat.Say("The site gave an answer that makes no sense"), chat.Say("Check its address in Settings, or try again later.")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return chat.Say("Tern is not allowed to write into this folder"), chat.Say("Choose another folder.")
	case errors.As(err, new(*fs.PathError)):
		return chat.Say("The files could not be written"), chat.Say("Check the disk, or choose another folder.")
	}
	return chat.Say("Something went wrong"), chat.Say("Try again.")
}

// size writes bytes as MB below 1 GB and as GB above.
func size(n int64) string {
	if n >= 999_500_000 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}
