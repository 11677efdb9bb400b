package cli

import (
	"bytes"
	"context"
	"fmt"
	"text/tabwriter"

	"tern/app/files"
	"tern/app/library"
	"tern/app/measure"
)

// listLine is one model of list --json.
type listLine struct {
	Name       string  `json:"name"`
	Path       string  `json:"path"` // by files.Text, since JSON holds text alone
	Family     string  `json:"family,omitempty"`
	Parameters int64   `json:"parameters,omitempty"`
	Chat       bool    `json:"chat"`
	Disk       int64   `json:"disk_bytes"`
	Need       int64   `json:"memory_needed_bytes,omitempty"` // with the context of the settings
	Free       int64   `json:"memory_free_bytes,omitempty"`
	Decode     float64 `json:"decode_tok_s,omitempty"` // expected here
	Here       string  `json:"here,omitempty"`         // the same in words, as the window says it
	Tool       string  `json:"tool,omitempty"`         // that downloaded it
	Problem    string  `json:"problem,omitempty"`
}

// List shows the models on this computer.
func List(ctx context.Context, s Streams, args []string) error {
	f := newFlags("list", "[flags]", `
Show the models on this computer: in the models folders of the settings, opened
before, and downloaded by other tools. Only their headers are read. What a model
needs is its weights, its context and 200 MB; how fast it writes is foretold from
its shape and half a second of measurements, which count for three days if the
window or --public made them. With --public it shows the public
models that Tern knows instead, the one recommended for this computer marked with an
asterisk, and asks no site for that.`, `tern list --json
tern list --public`)
	var asJSON, public bool
	f.BoolVar(&public, "public", false, "show the public models that tern pull can download")
	f.BoolVar(&asJSON, "json", false, "write one JSON object for each model")
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(bare) > 0 {
		return f.wrong("%q is one argument too many", bare[0])
	}
	kept := userSettings(s)
	if public {
		return listPublic(ctx, s, library.RoomOf(&kept), asJSON)
	}
	folders := kept.Models
	if len(folders) == 0 {
		if dir, err := library.DefaultFolder(); err == nil {
			folders = []string{dir} // where pull puts models
		}
	}
	free, known := library.FreeMemory()
	found := library.New().Scan(ctx, library.Query{Folders: folders, Recent: kept.Recent, Tools: library.Tools()})
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "model\tparameters\ton disk\tneeds\there\tpath")
	for _, e := range found.Models {
		l := listLine{Name: e.Name, Path: files.Text(e.Path), Disk: e.Disk, Tool: e.Tool}
		fit := library.Fit{}
		if e.Facts != nil {
			fit = library.Judge(library.Need(e.Facts, library.RoomOf(&kept)), free, known)
			l.Family, l.Parameters, l.Chat = e.Facts.Family, e.Facts.Params, e.Facts.Chat
			l.Need, l.Free = fit.Need, fit.Free
			work := measure.WorkOf(&e.Facts.Config, e.Facts.Memory, &e.Facts.Head)
			machine, err := thisMachine(ctx, work.Kind)
			if err != nil {
				return err
			}
			l.Decode = machine.DecodeRate(work, 0)
			l.Here = library.Foretold(fit, l.Decode).Text().String()
		} else {
			l.Problem = e.Problem.Sentence.String()
		}
		if asJSON {
			if err := writeJSON(s.Out, l); err != nil {
				return err
			}
			continue
		}
		if e.Facts == nil {
			fmt.Fprintf(w, "%s\t\t%s\t\t%s\t%s\n", e.Name, formatBytes(e.Disk), l.Problem, e.Path)
			continue
		}
		fmt.Fprintf(w, "%s\t%d M\t%s\t%s\t%s\t%s\n", e.Name, (l.Parameters+500_000)/1_000_000, formatBytes(e.Disk), formatBytes(l.Need), l.Here, e.Path)
	}
	w.Flush()
	if asJSON {
		return nil
	}
	if len(found.Models) == 0 {
		_, err := fmt.Fprintln(s.Out, "No models yet; tern pull OWNER/NAME downloads one.")
		return err
	}
	_, err = s.Out.Write(b.Bytes())
	return err
}

// publicLine is one model of list --public --json.
type publicLine struct {
	ID          string   `json:"id"`
	Family      string   `json:"family"`
	Chat        bool     `json:"chat"`
	Download    int64    `json:"download_bytes,omitempty"` // about
	Licence     string   `json:"licence"`
	Languages   []string `json:"languages"` // ISO 639
	Thinking    bool     `json:"thinking"`
	Tools       bool     `json:"tools"`
	Here        string   `json:"here,omitempty"` // how it would do, in words
	Recommended bool     `json:"recommended"`
}

// listPublic shows the models to be had, family by family.
func listPublic(ctx context.Context, s Streams, room library.Room, asJSON bool) error {
	l := NewLibrary()
	if err := l.Measure(ctx, 0); err != nil {
		return err
	}
	free, known := library.FreeMemory()
	offer := func(p *library.Public) library.Offer { return l.OfferPublic(p, room, free, known) }
	best := library.Recommend(offer)
	var b bytes.Buffer
	for _, family := range library.Families {
		if !asJSON {
			fmt.Fprintf(&b, "%s: %s\n", family.Name, family.About)
		}
		for i := range library.Publics {
			p := &library.Publics[i]
			if p.Family != family.Name {
				continue
			}
			o := offer(p)
			if asJSON {
				if err := writeJSON(s.Out, publicLine{p.ID, p.Family, p.Chat, p.Bytes, p.Licence, p.Languages, p.Thinking, p.Tools, o.Text().String(), p == best}); err != nil {
					return err
				}
				continue
			}
			mark := " "
			if p == best {
				mark = "*"
			}
			fmt.Fprintf(&b, "%s %s\n   ", mark, p.ID)
			for i, piece := range p.Sentences(o) {
				if i > 0 {
					b.WriteString(" · ")
				}
				b.WriteString(piece.String())
			}
			b.WriteByte('\n')
		}
	}
	_, err := s.Out.Write(b.Bytes())
	return err
}
