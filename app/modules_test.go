package app

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tern/assets"
)

// licences are words that only the text of one has.
var licences = map[string]*regexp.Regexp{
	"MIT":          regexp.MustCompile(`Permission is hereby granted, free of charge`),
	"ISC":          regexp.MustCompile(`Permission to use, copy, modify, and(/or)?\s+distribute`),
	"Apache-2.0":   regexp.MustCompile(`Apache License\s+Version 2\.0`),
	"BSD-3-Clause": regexp.MustCompile(`(?s)Redistributions? in binary form.*(Neither the names? of|may not be used to endorse)`),
	"Unlicense":    regexp.MustCompile(`free and unencumbered software released into the public domain`),
	"BSD-2-Clause": regexp.MustCompile(`Redistributions? in binary form`),
}

// TestModules holds the table of modules against go.mod, and its licences
// against the modules that are on this machine: all that are built into Tern or
// its tests.
func TestModules(t *testing.T) {
	raw, err := os.ReadFile("../.ci/modules.md")
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ version, licence string }
	table := map[string]row{}
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.Contains(cells[1], "/") {
			continue
		}
		for i, c := range cells[:len(cells)-1] {
			if cells[i] = strings.TrimSpace(c); i > 0 && cells[i] == "" {
				t.Errorf("a cell is empty: %s", line)
			}
		}
		if len(cells) != 7 || table[cells[1]] != (row{}) {
			t.Errorf("not five cells, or there twice: %s", line)
			continue
		}
		table[cells[1]] = row{cells[2], cells[3]}
	}

	var mod struct {
		Require []struct{ Path, Version string }
	}
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err == nil {
		err = json.Unmarshal(out, &mod)
	}
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "list", "-m", "-json")
	for _, m := range mod.Require {
		list.Args = append(list.Args, m.Path)
	}
	if out, err = list.Output(); err != nil {
		t.Fatal(err)
	}
	folders := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var m struct{ Path, Dir string }
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		folders[m.Path] = m.Dir
	}
	checked := 0
	for _, m := range mod.Require {
		in, known := table[m.Path]
		delete(table, m.Path)
		switch {
		case !known:
			t.Errorf("%s is not in the table", m.Path)
		case in.version != m.Version:
			t.Errorf("%s is %s, in the table %s: is the rest of its row true?", m.Path, m.Version, in.version)
		case folders[m.Path] != "":
			checked++
			if got := licenceOf(t, folders[m.Path]); got != in.licence {
				t.Errorf("the licence of %s is %q, in the table %q", m.Path, got, in.licence)
			}
		}
	}
	for path := range table {
		t.Errorf("%s is in the table and not in go.mod", path)
	}
	if checked < 30 {
		t.Errorf("%d licences could be read", checked)
	}
}

// TestLicences: the licences that the program shows and that packages bring along
// are those of all modules that are linked into it, on any system.
func TestLicences(t *testing.T) {
	text := assets.Licences()
	own, err := os.ReadFile("../LICENSE")
	if err != nil || !strings.HasPrefix(text, string(own)) {
		t.Errorf("they do not begin with ours (%v)", err)
	}
	linked := 0
	for _, system := range []string{"linux", "windows", "darwin"} {
		t.Setenv("GOOS", system)
		for _, module := range goList(t, "1", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", ".") {
			if len(module) == 0 {
				continue // a package of Go
			}
			if linked++; !strings.Contains(text, "\n==== "+strings.Join(module, " ")+" ====\n") {
				t.Errorf("they lack that of %s: bash .ci/licences", strings.Join(module, " "))
			}
		}
	}
	if linked < 100 {
		t.Errorf("only %d packages of modules are linked", linked)
	}
}

// licenceOf is the name of the licence in a module's folder.
func licenceOf(t *testing.T, dir string) string {
	t.Helper()
	var text string
	for _, pattern := range []string{"LICEN[SC]E*", "COPYING*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text += string(raw)
		}
	}
	for _, name := range []string{"MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "Unlicense"} {
		if licences[name].MatchString(text) {
			return name
		}
	}
	return "unknown"
}

// TestNoCgo: no package below app has C code, nor imports one of another module
// that has. Those of Go itself have none that is needed: all is built without.
func TestNoCgo(t *testing.T) {
	const each = "{{if not .Standard}}{{.ImportPath}} {{len .CgoFiles}} {{len .SwigFiles}}{{end}}"
	withC := func(packages ...string) (names []string) {
		list := goList(t, "1", append([]string{"-deps", "-f", each}, packages...)...)
		if len(list) < 10 {
			t.Errorf("only %d packages", len(list))
		}
		for _, fields := range list {
			if fields[1] != "0" || fields[2] != "0" {
				names = append(names, fields[0])
			}
		}
		return names
	}
	if names := withC("./inference/...", "./model/...", "./tokenizer/...", "./assets/..."); names != nil {
		t.Errorf("%q have C code", names)
	}
	if names := withC("."); names == nil {
		t.Error("the window has no C code: this test sees none")
	}
}
