package main

import (
	"go/parser"
	"go/token"
	"testing"
)

// TestTable: every replacement has its one place, so that none rots, and what comes
// of it is Go.
func TestTable(t *testing.T) {
	if len(faults) < 12 {
		t.Errorf("%d faults", len(faults))
	}
	names := map[string]bool{}
	for _, f := range faults {
		if names[f.name] || f.old == f.new {
			t.Errorf("%s is there twice, or changes nothing", f.name)
		}
		names[f.name] = true
		text, err := f.changed("../..")
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
		} else if _, err := parser.ParseFile(token.NewFileSet(), f.file, text, parser.SkipObjectResolution); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}
