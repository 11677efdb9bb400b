package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	saying "tern/app/say"
	"tern/app/ui/kit"

	"tern/inference/sampling"
)

// texts are all texts of the program that are said in the user's language, by
// the calls of kit.Tr, kit.TrN and say.Say, and in the table of the sampler's
// settings. It fails where one of them is not a literal.
func texts(t *testing.T) []string {
	t.Helper()
	var found []string
	set := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			var literals []ast.Expr
			switch name {
			case "Tr", "Say":
				literals = call.Args[:1]
			case "TrN":
				literals = call.Args[1:3]
			}
			for _, a := range literals {
				lit, ok := a.(*ast.BasicLit)
				if !ok {
					t.Errorf("%s: %s of a text that is not a literal", set.Position(call.Pos()), name)
					continue
				}
				s, _ := strconv.Unquote(lit.Value) // the parser took it
				found = append(found, s)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sampling.Fields {
		found = append(found, f.Title, f.Hint)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Every text can be the key of a translation: Fyne's files of translations have
// words with a meaning of their own.
func TestTexts(t *testing.T) {
	all := texts(t)
	if len(all) < 20 {
		t.Errorf("only %d texts were found: %q", len(all), all)
	}
	reserved := []string{"id", "description", "hash", "leftdelim", "rightdelim", "zero", "one", "two", "few", "many", "other", "translation"}
	for _, s := range all {
		if s == "" || slices.Contains(reserved, strings.ToLower(s)) {
			t.Errorf("%q cannot be a key", s)
		}
	}
}

func TestSay(t *testing.T) {
	for got, want := range map[string]string{
		kit.Tr("Open…"): "Open…",
		kit.Tr("{{.A}} of {{.B}}", "A", 1, "B", "2 {{.C}}"):                             "1 of 2 {{.C}}",
		kit.TrN(1, "{{.N}} word of {{.Of}}", "{{.N}} words", "Of", "x"):                 "1 word of x",
		kit.TrN(1200, "{{.N}} word", "{{.N}} words"):                                    "1,200 words",
		kit.Translate(saying.Say("{{.File}} is gone", "File", saying.Say("The model"))): "The model is gone",
		saying.Say("{{.File}} is gone", "File", saying.Say("The {{")).String():          "The {{ is gone",
		kit.Translate(saying.Text{}):                                                    "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
