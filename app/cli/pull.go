package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/library"
	"tern/app/settings"
	"tern/model/export"
)

// pullTries is how often a download that brings nothing new is tried again: for
// some minutes, then whoever waits wants to know.
const pullTries = 8

// Pull downloads a model.
func Pull(ctx context.Context, s Streams, args []string) error {
	f := newFlags("pull", "OWNER/NAME [flags]", `
Download a model from Hugging Face and print where it is: the files that Tern
needs of one repository, at one commit, verified by their checksums. What was
cut off, here or in the window, goes on where it ended. It goes into OWNER/NAME
below the first models folder of the settings, or below Models in your home.

HF_ENDPOINT names another site, HF_TOKEN holds an access token for it; both come
after those in the settings. A site of the settings gets the token of the settings
or none.`,
		`tern pull 1bitLLM/bitnet_b1_58-large
tern run -m "$(tern pull microsoft/bitnet-b1.58-2B-4T-gguf)" --chat -p "Hello"`)
	var to, file, revision string
	f.StringVar(&to, "to", "", "put the files into this `DIR` itself")
	f.StringVar(&file, "file", "", "the GGUF file `NAME` to take, of several")
	f.StringVar(&revision, "revision", "", "a branch, a tag or a commit, `REV`, instead of the newest")
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(bare) != 1 {
		return f.wrong("it takes one repository id, OWNER/NAME")
	}
	id, err := hub.ParseID(bare[0])
	if err != nil {
		return f.wrong("%q is not a repository id like OWNER/NAME", bare[0])
	}
	kept := userSettings(s)
	if to == "" {
		models, err := library.ModelsFolder(kept.Models)
		if err != nil {
			return &hinted{err, "Name a folder with --to."}
		}
		to = hub.Folder(models, id)
	}
	site := hub.Site(kept.Site)
	c, err := hub.New(hub.Options{Base: site, Token: hub.Token(kept.Token, site), Tries: pullTries, Free: export.FreeSpace})
	if err != nil {
		return explained(err, id)
	}
	defer c.Close()
	m := newMeter(s.Err)
	defer m.clear()
	path, err := pull(ctx, s, c, m, id, revision, file, to)
	m.clear()
	if err != nil {
		return explained(err, id)
	}
	_, err = fmt.Fprintln(s.Out, path)
	return err
}

func pull(ctx context.Context, s Streams, c *hub.Client, m *meter, id, revision, file, dir string) (string, error) {
	waiting := func(err error, d time.Duration) {
		p := explain.Waiting(err, d)
		m.clear()
		fmt.Fprintf(s.Err, "%s. %s\n", p.Sentence, p.Hint)
	}
	r, err := c.Repo(ctx, id, revision, waiting)
	if err != nil {
		return "", err
	}
	if r, err = r.Pick(file); err != nil {
		return "", err
	}
	licence := r.Licence
	if licence == "" {
		licence = "not named"
	}
	fmt.Fprintf(s.Err, "%s: %d files, %s, licence %s\n", id, len(r.Files), formatBytes(r.Size()), licence)
	err = c.Download(ctx, r, dir, func(p hub.Progress) {
		switch {
		case p.State == hub.Waiting:
			waiting(p.Err, p.Wait)
		case p.State == hub.Checking:
			m.show("checking: %s of %s", formatBytes(p.Done), formatBytes(p.Total))
		case p.Rate > 0:
			m.show("downloading: %s of %s, %s/s, %s left", formatBytes(p.Done), formatBytes(p.Total), formatBytes(int64(p.Rate)), p.Left.Round(time.Second))
		default:
			m.show("downloading: %s of %s", formatBytes(p.Done), formatBytes(p.Total))
		}
	})
	if err != nil {
		return "", err
	}
	return filepath.Abs(library.ModelIn(dir, r))
}

// explained says what went wrong as the window does.
func explained(err error, id string) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: what came is kept", err)
	}
	p := explain.Download(err, id)
	return &hinted{fmt.Errorf("%s (%w)", p.Sentence, err), p.Hint.String()}
}

// userSettings are those of the window, or the defaults, which it says where there
// are others that cannot be read.
func userSettings(s Streams) settings.Settings {
	path, err := settings.Path()
	if err != nil {
		return settings.Default()
	}
	kept, err := settings.Load(path)
	if err != nil {
		fmt.Fprintf(s.Err, "tern: %v.\nHint: the default settings are used.\n", err)
	}
	return kept
}
