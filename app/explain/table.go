// Package explain says errors in the words of users: one ordered table has the
// sentence and the hint that the window shows, the hint of the terminal, and what
// a client of the server is told. It recognises errors by their types and
// sentinels, never by their text.
package explain

import (
	"errors"
	"io/fs"
	"net/http"
	"syscall"

	"tern/app/files"
	"tern/app/history"
	"tern/app/hub"
	"tern/app/remote"
	"tern/app/say"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/tokenizer"
)

// row is what is said of the errors that is recognises.
type row struct {
	is       func(error) bool
	download bool // said of downloads alone

	words  words  // of the window; nil: those of the last row
	hint   string // of the terminal, "" where nobody knows one
	client Client // of the server; the zero value says what the error says
}

// words are a sentence and a hint.
type words func(subject) (sentence, hint say.Text)

// table is searched from its beginning, so that what is special comes before what
// is general. Its last row takes every error.
var table = []row{
	{is: as[*inference.Panic], words: said(say.Say("Something went wrong inside Tern"), say.Say("Your text is kept. Try again; the report behind More helps to mend it.")),
		client: Client{http.StatusInternalServerError, "failed_inside", "Something went wrong inside Tern. Try again."}},

	// Of servers.
	{is: is(remote.ErrNoModel), words: onHost(func(s subject) (say.Text, say.Text) {
		return say.Say("{{.Host}} has no model {{.Model}} any more", "Host", s.host, "Model", s.name), say.Say("Connect again to choose another one.")
	})},
	{is: is(remote.ErrUnreachable), words: onHost(func(s subject) (say.Text, say.Text) {
		return say.Say("{{.Host}} cannot be reached", "Host", s.host), say.Say("Check that the server runs and the network is there, then try again.")
	})},
	{is: is(remote.ErrKey), words: onHost(func(s subject) (say.Text, say.Text) {
		return say.Say("{{.Host}} asks for a key, or for another one", "Host", s.host), say.Say("Connect again and enter it.")
	})},
	{is: is(remote.ErrNoServer), words: onHost(func(s subject) (say.Text, say.Text) {
		return say.Say("At {{.Host}} is no server that Tern can use", "Host", s.host), say.Say("Its address often ends in /v1; llama-server, vLLM, Ollama and Tern have one.")
	})},
	{is: is(remote.ErrRefused), words: onHost(func(s subject) (say.Text, say.Text) {
		return say.Say("{{.Host}} refused: {{.What}}", "Host", s.host, "What", s.what), say.Say("Change what it names, or try again.")
	})},
	{is: is(remote.ErrPlain), words: said(say.Say("The way to this server is not encrypted"), say.Say("Outside your own network it must begin with https://."))},
	{is: is(remote.ErrAddress), words: said(say.Say("This is not the address of a server"), say.Say("Write it like localhost:8080 or https://llm.example.org."))},

	// Of downloads.
	{is: as[*hub.SpaceError], words: noRoom},
	{is: files.Full, download: true, words: said(say.Say("The disk is full"), say.Say("Free some space, then resume: what came is kept."))},
	{is: is(hub.ErrBusy), words: said(say.Say("The site is busy"), say.Say("Try again later; what came is kept."))},
	{is: is(hub.ErrNetwork), words: said(say.Say("No connection"), say.Say("Check the network, then resume: what came is kept."))},
	{is: is(hub.ErrGated), words: said(say.Say("This model needs permission"), say.Say("Accept its licence on the site, then add your access token."))},
	{is: is(hub.ErrNoToken), words: said(say.Say("This model needs a valid access token"), say.Say("Make one on the site, then add it in Settings."))},
	{is: is(hub.ErrNotFound), words: func(s subject) (say.Text, say.Text) {
		return say.Say("There is no {{.Repository}}, or it is private", "Repository", s.path), say.Say("Check the name, or add your access token in Settings.")
	}},
	{is: is(hub.ErrChecksum), words: said(say.Say("Checksum does not match"), say.Say("The damaged part was removed."))},
	{is: is(hub.ErrSize), words: said(say.Say("The site sends another file than it lists"), say.Say("Try again later, or from another site."))},
	{is: is(hub.ErrName), words: said(say.Say("The site lists a file name that would leave the folder"), say.Say("Nothing was downloaded."))},
	{is: is(hub.ErrNoSum), words: said(say.Say("The site lists no checksum for this model"), say.Say("Nothing was downloaded, since it could not be verified."))},
	{is: is(hub.ErrNoModel), words: said(say.Say("Tern cannot run what is in this repository"),
		say.Say("It takes BitNet b1.58 models and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM), as safetensors or GGUF."))},
	{is: is(hub.ErrExists), words: said(say.Say("Another file of the same name is in the folder"), say.Say("It was left alone. Choose another folder."))},
	{is: is(hub.ErrTaken), words: said(say.Say("Another Tern is downloading this model"), say.Say("Wait until it is done."))},
	{is: is(hub.ErrID), words: said(say.Say("That is not a repository id"), say.Say("It looks like OWNER/NAME."))},
	{is: is(hub.ErrInsecure), words: said(say.Say("The site cannot be reached securely"), say.Say("Only HTTPS is used. Check its address in Settings."))},
	{is: is(hub.ErrAddress), words: said(say.Say("The address of the site is not one"), say.Say("It looks like https://huggingface.co; change it in Settings."))},
	{is: is(hub.ErrToken), words: said(say.Say("The access token holds characters that no token has"), say.Say("Copy it again, in Settings."))},
	{is: is(hub.ErrAnswer), words: said(say.Say("The site gave an answer that makes no sense"), say.Say("Check its address in Settings, or try again later."))},
	{is: is(fs.ErrPermission, syscall.EROFS), download: true, words: said(say.Say("Tern is not allowed to write into this folder"), say.Say("Choose another folder."))},
	{is: as[*fs.PathError], download: true, words: said(say.Say("The files could not be written"), say.Say("Check the disk, or choose another folder."))},
	{is: every, download: true, words: said(say.Say("Something went wrong"), say.Say("Try again."))},

	// Of the program's own files.
	{is: is(settings.ErrDamaged), words: said(say.Say("Settings could not be read"), say.Say("Defaults are in use; the old file was kept beside it."))},
	{is: is(export.ErrNoSpace), hint: "Choose a folder on another disk, or make room.", words: func(s subject) (say.Text, say.Text) {
		return say.Say("There is not enough room for {{.File}}", "File", s.file), say.Say("Free some space, or choose another folder.")
	}},
	{is: is(history.ErrDamaged), words: said(say.Say("A conversation could not be read"), say.Say("The damaged file was kept beside the others."))},
	{is: is(history.ErrNewer), words: said(say.Say("A newer Tern wrote one of the conversations"), say.Say("It was left as it is; that Tern can read it."))},
	{is: files.Full, words: said(say.Say("Could not save: the disk is full"), say.Say("Free some space; your text is kept in memory."))},
	{is: as[*history.Error], words: func(s subject) (say.Text, say.Text) {
		return say.Say("A conversation could not be saved or read: {{.What}}", "What", cause(s.err)), say.Say("Your text is kept in memory; check the folder of the settings.")
	}},
	{is: is(files.ErrNotWritten), words: func(s subject) (say.Text, say.Text) {
		return say.Say("Settings could not be saved: {{.What}}", "What", cause(s.err)), say.Say("They hold until Tern closes; check their folder.")
	}},

	// Of models that run.
	{is: is(inference.ErrMemory, syscall.ENOMEM), words: said(say.Say("Not enough memory"), say.Say("Close other apps or choose a shorter context.")),
		hint: "Close other programs, or give a shorter prompt.",
		client: Client{http.StatusServiceUnavailable, "insufficient_memory",
			"This computer has no memory left for a text of this length. Send a shorter one, or try again later."}},
	{is: is(inference.ErrContextFull), hint: "Give a shorter prompt, or a larger --context if the model has room."},
	{is: is(inference.ErrClosed), client: Client{http.StatusServiceUnavailable, "model_closed", "The model was closed in Tern. Try again when one is open."}},
	{is: is(inference.ErrRefused), hint: "Without --chat the model continues the text as it is.", words: func(s subject) (say.Text, say.Text) {
		return say.Say("This model does not take the conversation: {{.What}}", "What", s.what), say.Say("Undo the last message, or start a new conversation.")
	}},
	{is: is(inference.ErrTemplate), words: func(s subject) (say.Text, say.Text) {
		return say.Say("The chat template of this model cannot be used: {{.What}}", "What", s.what), say.Say("Look for a newer file of the model, or open another one.")
	}, hint: "Another layout is taken with --correct template-llama-3, template-2b-4t or template-falcon3 (tern check MODEL advises); without --chat the model continues the text as it is."},
	{is: is(inference.ErrNonFinite), words: said(say.Say("The model produced invalid numbers"), say.Say("The file may be damaged.")),
		hint:   "The file may be damaged: tern check MODEL looks for the cause.",
		client: Client{http.StatusInternalServerError, "invalid_numbers", "The model produced invalid numbers. The file may be damaged."}},

	// Of files of models.
	{is: is(tokenizer.ErrNone), words: said(say.Say("This model has no tokenizer"), say.Say("Put tokenizer.json or tokenizer.model beside it.")),
		hint: "Put tokenizer.json or tokenizer.model beside it."},
	{is: is(model.ErrUnsupported), words: unsupported,
		hint: "Tern runs BitNet b1.58 models of 1bitLLM and Microsoft, and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM), as safetensors or GGUF."},
	{is: is(tokenizer.ErrUnsupported), words: func(s subject) (say.Text, say.Text) {
		return say.Say("Tern cannot read this model's tokenizer yet: {{.What}}", "What", s.what), say.Say("It reads SentencePiece and byte-level BPE tokenizers.")
	}, hint: "SentencePiece BPE and byte-level BPE vocabularies are supported; run, logits and bench work without any: tern run --ids 1,2,3."},
	{is: is(checkpoint.ErrVision), words: said(say.Say("This is the part of a model that sees images"), say.Say("Open the model's other .gguf file: its text works without this one.")),
		hint: "Open the model's other .gguf file: its text works without this one."},
	{is: is(checkpoint.ErrStandIn), words: func(s subject) (say.Text, say.Text) {
		return say.Say("This is not the model itself: {{.What}}", "What", s.what), say.Say("Download the files themselves; a page of the hub lists them under Files.")
	}, hint: "Fetch the file itself: a model of the hub has it under Files, a clone after git lfs pull."},
	{is: is(tokenizer.ErrOther), words: func(s subject) (say.Text, say.Text) {
		return say.Say("The tokenizer is not this model's: {{.What}}", "What", s.what), say.Say("Put the model's own tokenizer files beside it.")
	}, hint: "Put the model's own tokenizer files beside it."},
	{is: is(model.ErrDamaged, tokenizer.ErrDamaged), words: damaged, hint: "The file may be incomplete or changed: copy or download it again."},
	{is: is(model.ErrNotFound), words: missing, hint: "MODEL is a folder with config.json and .safetensors files, one of these files, or a .gguf file."},
	{is: is(fs.ErrNotExist), words: missing},
	{is: is(fs.ErrPermission), words: func(s subject) (say.Text, say.Text) {
		return say.Say("Tern is not allowed to read {{.File}}", "File", s.file), say.Say("Change its permissions, or copy it to a folder of yours.")
	}},
	{is: as[*fs.PathError], words: func(s subject) (say.Text, say.Text) {
		return say.Say("{{.File}} could not be read", "File", s.file), say.Say("Check the disk, or copy the file again.")
	}},
	{is: every, words: whatever},
}

// is recognises errors that wrap one of the sentinels.
func is(sentinels ...error) func(error) bool {
	return func(err error) bool {
		for _, s := range sentinels {
			if errors.Is(err, s) {
				return true
			}
		}
		return false
	}
}

// as recognises errors that wrap one of type E.
func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// every recognises every error.
func every(error) bool { return true }

// said are words that are the same whatever the error is about.
func said(sentence, hint say.Text) words {
	return func(subject) (say.Text, say.Text) { return sentence, hint }
}

func whatever(s subject) (sentence, hint say.Text) {
	return say.Say("Something went wrong: {{.What}}", "What", s.what), say.Say("Try again, or open another model.")
}
