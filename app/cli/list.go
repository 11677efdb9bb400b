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
	Tool       string  `json:"tool,omitempty"`         // that downloaded it
	Problem    string  `json:"problem,omitempty"`
}

// List shows the models on this computer.
func List(ctx context.Context, s Streams, args []string) error {
	f := newFlags("list", "[flags]", `
Show the models on this computer: in the models folders of the settings, opened
before, and downloaded by other tools. Only their headers are read. What a model
needs is its weights, its context and 200 MB; how fast it writes is foretold from
its shape and half a second of measurements.`, `tern list --json`)
	var asJSON bool
	f.BoolVar(&asJSON, "json", false, "write one JSON object for each model")
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(bare) > 0 {
		return f.wrong("%q is one argument too many", bare[0])
	}
	kept := userSettings(s)
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
	fmt.Fprintln(w, "model\tparameters\ton disk\tneeds\tfits\ttok/s\tpath")
	for _, e := range found.Models {
		l := listLine{Name: e.Name, Path: files.Text(e.Path), Disk: e.Disk, Tool: e.Tool}
		fit := library.Fit{}
		if e.Facts != nil {
			fit = library.Judge(library.Need(e.Facts, kept.Generation.Context), free, known)
			l.Family, l.Parameters, l.Chat = e.Facts.Family, e.Facts.Params, e.Facts.Chat
			l.Need, l.Free = fit.Need, fit.Free
			work := measure.WorkOf(&e.Facts.Config, e.Facts.Memory, &e.Facts.Head)
			machine, err := thisMachine(ctx, work.Kind)
			if err != nil {
				return err
			}
			l.Decode = machine.DecodeRate(work, 0)
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
			fmt.Fprintf(w, "%s\t\t%s\t\t%s\t\t%s\n", e.Name, formatBytes(e.Disk), l.Problem, e.Path)
			continue
		}
		verdict := map[library.Verdict]string{library.Fits: "yes", library.Tight: "tight", library.DoesNotFit: "no: " + formatBytes(free) + " free"}[fit.Verdict]
		fmt.Fprintf(w, "%s\t%d M\t%s\t%s\t%s\t%s\t%s\n", e.Name, (l.Parameters+500_000)/1_000_000, formatBytes(e.Disk), formatBytes(l.Need), verdict,
			twoDigits(l.Decode), e.Path)
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
