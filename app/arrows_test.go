package app

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows lists which packages of Tern each package may import. An arrow is
// added by a line that says why, never by accident.
var arrows = map[string][]string{
	"tern": {"tern/app"},
	// recipe: the version; assets: licences. The rest is what the window is made of,
	// which is joined here.
	"tern/app": {"tern/app/chat", "tern/app/cli", "tern/app/crash", "tern/app/explain", "tern/app/hub", "tern/app/kept", "tern/app/library", "tern/app/recipe", "tern/app/say", "tern/app/server", "tern/app/settings", "tern/app/single", "tern/app/ui", "tern/app/ui/models", "tern/app/update", "tern/assets"},

	// The front ends look below inference where a result is about what lies
	// there: checkpoints (inspect, check, pack), vocabularies (tokenize), kernels
	// and the memory that matrices are cut from (bench).
	// serve starts the server; list writes paths that are not text (files).
	"tern/app/cli": {"tern/app/files", "tern/app/builtin", "tern/app/check", "tern/app/compact", "tern/app/explain", "tern/app/hub", "tern/app/library", "tern/app/measure", "tern/app/recipe", "tern/app/server", "tern/app/settings", "tern/inference", "tern/inference/answer", "tern/inference/kernel", "tern/inference/sampling", "tern/model", "tern/model/checkpoint", "tern/model/compare", "tern/model/export", "tern/model/ternary", "tern/tokenizer", "tern/tokenizer/vocab"},

	// server names the tokens that could have been chosen, takes answers apart, and
	// says what is wrong with a schema.
	"tern/app/server": {"tern/app/explain", "tern/inference", "tern/inference/answer", "tern/inference/grammar", "tern/inference/sampling", "tern/tokenizer"},
	"tern/app/single": {"tern/app/files"}, // the lock
	"tern/app/crash":  {"tern/app/files"},
	// remote takes thoughts out of the text of servers that leave them in.
	"tern/app/remote": {"tern/inference/answer", "tern/inference/chattemplate"},
	"tern/app/update": {},

	// check looks into weights, and opens models another way than they say, with
	// another chat template for one.
	"tern/app/check": {"tern/inference", "tern/inference/chattemplate", "tern/inference/sampling", "tern/model", "tern/model/checkpoint", "tern/tokenizer"},

	// recipe runs an answer again, and names the kernels.
	"tern/app/recipe": {"tern/inference", "tern/inference/kernel", "tern/inference/sampling"},

	// measure runs models, and reads memory as the kernels do.
	// The model that it takes the measure of a machine with is synthetic (checkpoint).
	"tern/app/measure": {"tern/inference", "tern/inference/kernel", "tern/model", "tern/model/checkpoint", "tern/model/ternary"},

	"tern/app/builtin": {"tern/assets", "tern/inference", "tern/model/checkpoint"},
	"tern/app/compact": {"tern/model", "tern/model/export", "tern/tokenizer"}, // tokenizer: its GGUF form

	"tern/app/ui": {"tern/app/chat", "tern/app/explain", "tern/app/hub", "tern/app/library", "tern/app/remote", "tern/app/say", "tern/app/server", "tern/app/settings", "tern/app/ui/filedialog", "tern/app/ui/inspect", "tern/app/ui/kit", "tern/app/ui/longtext", "tern/app/ui/models", "tern/app/update", "tern/assets", "tern/inference/sampling"},
	// kit is widgets and words, and knows nothing of Tern.
	"tern/app/ui/kit":         {},
	"tern/app/ui/kit/kittest": {},
	// models lists what library finds and downloads.
	"tern/app/ui/models": {"tern/app/chat", "tern/app/explain", "tern/app/hub", "tern/app/library", "tern/app/settings", "tern/app/ui/kit", "tern/assets"},
	// inspect colours the text that it looks into.
	"tern/app/ui/inspect":             {"tern/app/chat", "tern/app/settings", "tern/app/ui/kit", "tern/app/ui/longtext"},
	"tern/app/ui/inspect/inspecttest": {"tern/app/chat"},
	// longtext is a view of a text, whatever that is about.
	"tern/app/ui/longtext":   {"tern/app/ui/kit"},
	"tern/app/ui/filedialog": {},
	// What users are told: say has the texts, which whatever talks to a user makes;
	// explain makes them of errors, so it knows whoever returns errors that mean
	// something to a user.
	"tern/app/say":     {},
	"tern/app/explain": {"tern/app/files", "tern/app/history", "tern/app/hub", "tern/app/remote", "tern/app/say", "tern/app/settings", "tern/inference", "tern/model", "tern/model/checkpoint", "tern/model/export", "tern/tokenizer"},

	"tern/app/hub":         {"tern/app/files"},
	"tern/app/hub/hubtest": {},
	// library reads headers, and knows what an engine adds to the weights.
	"tern/app/library": {"tern/app/explain", "tern/app/hub", "tern/app/measure", "tern/app/say", "tern/app/settings", "tern/model", "tern/model/checkpoint", "tern/model/export", "tern/model/gguf"},
	// chat runs what its parts are; check names what advice is about.
	"tern/app/chat": {"tern/app/chat/backend", "tern/app/chat/document", "tern/app/chat/jobs", "tern/app/chat/shelf", "tern/app/chat/worker", "tern/app/check", "tern/app/explain", "tern/app/history", "tern/app/kept", "tern/app/say", "tern/app/settings", "tern/inference", "tern/model"},
	// jobs measure, weigh and copy the open model; the shelf knows files of conversations and no model.
	"tern/app/chat/jobs":  {"tern/app/chat/backend", "tern/app/chat/worker", "tern/app/check", "tern/app/compact", "tern/app/files", "tern/app/measure", "tern/app/say", "tern/inference", "tern/model", "tern/model/export"},
	"tern/app/chat/shelf": {"tern/app/chat/worker", "tern/app/explain", "tern/app/files", "tern/app/history", "tern/app/say"},
	// worker makes errors of panics as the engine does.
	"tern/app/chat/worker": {"tern/inference"},
	// backend opens models and hides where they run; what a document is made of is all that it knows of chats.
	"tern/app/chat/backend":             {"tern/app/builtin", "tern/app/chat/document", "tern/app/check", "tern/app/recipe", "tern/app/remote", "tern/app/settings", "tern/assets", "tern/inference", "tern/inference/sampling", "tern/model", "tern/tokenizer"},
	"tern/app/chat/backend/backendtest": {"tern/tokenizer", "tern/tokenizer/vocab"},
	// document is plain values; history has those of files.
	"tern/app/chat/document": {"tern/app/history", "tern/app/settings"},
	"tern/app/settings":      {"tern/app/files", "tern/inference/sampling"},
	"tern/app/history":       {"tern/app/files", "tern/app/settings"}, // a conversation has settings of its own
	"tern/app/kept":          {"tern/app/files"},                      // what sessions knew; who has a session passes it
	"tern/app/files":         {},

	"tern/app/files/filestest": {},

	"tern/inference": {"tern/inference/chattemplate", "tern/inference/grammar", "tern/inference/kernel", "tern/inference/sampling", "tern/model", "tern/model/checkpoint", "tern/model/narrow", "tern/model/ternary", "tern/tokenizer"},
	// chattemplate makes the parts of a prompt, which a tokenizer encodes; it knows
	// neither engines nor models, so that it can be tested and fuzzed alone. jinja
	// knows nothing of chats.
	"tern/inference/chattemplate":       {"tern/inference/chattemplate/jinja", "tern/tokenizer"},
	"tern/inference/chattemplate/jinja": {},
	"tern/inference/kernel":             {"tern/model/narrow", "tern/model/ternary"},
	// answer takes apart what a model writes, by what chattemplate knows of its
	// template, and has the grammar of its calls.
	"tern/inference/answer": {"tern/inference/chattemplate", "tern/inference/grammar", "tern/tokenizer"},
	// grammar knows bytes alone: a vocabulary is what it is given as one.
	"tern/inference/grammar": {},
	// The table of settings: whoever reads, offers or keeps them loops over it.
	"tern/inference/sampling": {},
	// model has the nouns; checkpoint reads them, export writes them by what
	// checkpoint knows of architectures and encodings.
	// repack has the assembly of loading, which looks at bytes: of dense types (model), of
	// blocks (checkpoint), for the layouts of ternary.
	"tern/model":                   {"tern/model/internal/parallel", "tern/model/internal/repack", "tern/model/narrow", "tern/model/ternary", "tern/tokenizer/vocab"},
	"tern/model/internal/parallel": {},
	"tern/model/internal/repack":   {},
	"tern/model/internal/memory":   {}, // of matrices (ternary) and vocabularies (gguf)
	"tern/model/checkpoint":        {"tern/model", "tern/model/gguf", "tern/model/internal/parallel", "tern/model/internal/repack", "tern/model/pyjson", "tern/model/safetensors", "tern/model/ternary", "tern/tokenizer/vocab"},
	"tern/model/export":            {"tern/model", "tern/model/checkpoint", "tern/model/gguf", "tern/model/safetensors", "tern/model/ternary", "tern/tokenizer/vocab"},
	"tern/model/compare":           {"tern/model", "tern/model/checkpoint"},                                              // the names of a class
	"tern/model/modeltest":         {"tern/model", "tern/model/checkpoint", "tern/model/gguf", "tern/model/safetensors"}, // writes checkpoints for tests
	"tern/model/fuzztest":          {},
	"tern/model/gguf":              {"tern/model/internal/memory"},
	"tern/model/safetensors":       {},
	"tern/model/narrow":            {"tern/model/internal/parallel", "tern/model/internal/repack"},
	"tern/model/ternary":           {"tern/model/internal/memory", "tern/model/internal/repack"},
	"tern/tokenizer":               {"tern/model/pyjson", "tern/tokenizer/vocab"}, // its files are JSON as Python writes it
	// vocab has the nouns that model keeps and tokenizer reads, so that neither knows the
	// other; the chat template is in a JSON file.
	"tern/tokenizer/vocab": {"tern/model/pyjson"},
	"tern/model/pyjson":    {},
	"tern/assets":          {},

	// The programs of .ci judge results from outside: soaking uses the program as its
	// window does, modelcheck runs one model, idle is an empty window to compare with.
	"tern/.ci/faulty":     {},
	"tern/.ci/idle":       {},
	"tern/.ci/report":     {},
	"tern/.ci/soaking":    {"tern/app/chat", "tern/app/measure", "tern/app/settings", "tern/inference"},
	"tern/.ci/modelcheck": {"tern/inference"},
}

// goList runs go list in the module's root, with or without cgo, and returns
// the fields of each line.
func goList(t *testing.T, cgo string, args ...string) (lines [][]string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.String())
	}
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, len(out)+1)
	for s.Scan() {
		lines = append(lines, strings.Fields(s.Text()))
	}
	return lines
}

// everything is the patterns of all packages: "./..." leaves out folders whose names
// begin with a dot.
func everything(t *testing.T) []string {
	t.Helper()
	programs, err := filepath.Glob("../.ci/*/main.go")
	if err != nil || len(programs) < 3 {
		t.Fatalf("%d programs in .ci (%v)", len(programs), err)
	}
	list := []string{"./..."}
	for _, p := range programs {
		list = append(list, "./.ci/"+filepath.Base(filepath.Dir(p)))
	}
	return list
}

func TestArrows(t *testing.T) {
	for _, cgo := range []string{"0", "1"} {
		// With -find, a package that needs cgo is listed without it, too.
		args := append([]string{"-find", "-f", "{{.ImportPath}} {{join .Imports \" \"}}"}, everything(t)...)
		for _, fields := range goList(t, cgo, args...) {
			from := fields[0]
			allowed, known := arrows[from]
			if !known {
				t.Errorf("%s is not in the table", from)
			}
			for _, to := range fields[1:] {
				switch {
				case strings.HasPrefix(to, "tern/") && !slices.Contains(allowed, to):
					t.Errorf("CGO_ENABLED=%s: %s imports %s", cgo, from, to)
				case strings.HasPrefix(to, "fyne.io/") && !strings.HasPrefix(from, "tern/app/ui") && from != "tern/.ci/idle" && !(from == "tern/app" && to == "fyne.io/fyne/v2"):
					t.Errorf("CGO_ENABLED=%s: %s imports %s", cgo, from, to)
				}
			}
		}
	}
}

// TestArrowsFar checks what must hold over any number of arrows.
func TestArrowsFar(t *testing.T) {
	leaves := []string{"tern/model/pyjson", "tern/tokenizer/vocab"} // which know of neither
	for _, c := range []struct{ cgo, from, never string }{
		{"0", "tern", "fyne.io/"},
		{"0", "tern", "github.com/sqweek/dialog"},
		{"1", "tern/app/cli", "fyne.io/"},
		{"1", "tern/app/chat", "fyne.io/"},
		{"1", "tern/app/chat/document", "tern/inference/kernel"}, // values know no engine
		{"1", "tern/app/chat/document", "tern/tokenizer"},
		{"1", "tern/app/server", "fyne.io/"},
		{"1", "tern/app/hub", "tern/inference"}, // a downloader does not link the engine
		{"1", "tern/app/hub", "tern/model"},
		{"1", "tern/app/hub", "tern/tokenizer"},
		{"1", "tern/app/hub", "tern/app/explain"},
		{"1", "tern/inference", "tern/app"},
		{"1", "tern/model", "tern/tokenizer"},
		{"1", "tern/tokenizer", "tern/model"},
		{"1", "tern/inference/kernel", "tern/tokenizer"},
	} {
		deps := goList(t, c.cgo, "-deps", c.from)
		if len(deps) < 10 {
			t.Errorf("%s has only %d dependencies: go list says too little", c.from, len(deps))
		}
		for _, dep := range deps {
			if strings.HasPrefix(dep[0], c.never) && !slices.Contains(leaves, dep[0]) {
				t.Errorf("CGO_ENABLED=%s: %s depends on %s", c.cgo, c.from, dep[0])
			}
		}
	}
}
