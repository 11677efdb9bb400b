package files

import (
	"encoding/json"
	"testing"
)

func FuzzText(f *testing.F) {
	for _, path := range []string{"/models/größe", "/m\xff\xfe/x", "\xe4\xf6.gguf", "/a\U0010FE41/b", "/\xf4\x8f\xb8/c", "", "\x00\ufffd"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		raw, err := json.Marshal(Text(path))
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal(raw, &text); err != nil || Path(text) != path {
			t.Errorf("%q came back as %q, %v", path, Path(text), err)
		}
	})
}

func TestText(t *testing.T) {
	if path := "/models/größe 大.gguf"; Text(path) != path {
		t.Errorf("a path that is text becomes %q", Text(path))
	}
}
