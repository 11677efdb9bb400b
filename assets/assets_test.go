package assets

import (
	"bytes"
	"io/fs"
	"testing"
)

func TestAbout(t *testing.T) {
	if a := About(); a.Name == "" || len(a.Examples) != 3 {
		t.Errorf("about.json: %+v", a)
	}
}

func TestIcons(t *testing.T) {
	for _, svg := range [][]byte{Icon(), IconMono()} {
		if !bytes.Contains(svg, []byte("<svg ")) {
			t.Error("an icon is not an SVG")
		}
	}
}

// TestModelIsSmall holds the promise that the built-in model adds less than
// 4 MB to the program.
func TestModelIsSmall(t *testing.T) {
	var size int64
	err := fs.WalkDir(Model(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", size)
	if size == 0 || size >= 4_000_000 {
		t.Errorf("the built-in model has %d bytes", size)
	}
}
