package vocab

import (
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	config := func(value string) Files { return Files{Config: []byte(`{"chat_template":` + value + `}`)} }
	both := config(`"old"`)
	both.ChatTemplate = []byte("new")
	for name, c := range map[string]struct {
		files             Files
		source, file, err string
	}{
		"nothing":                {Files{}, "", "", ""},
		"a config without":       {Files{Config: []byte("{}")}, "", configName, ""},
		"null":                   {config("null"), "", configName, ""},
		"a text":                 {config(`"{{ x }}"`), "{{ x }}", configName, ""},
		"the default of a list":  {config(`[{"name":"tool_use","template":"a"},{"name":"default","template":"b"}]`), "b", configName, ""},
		"the only one of a list": {config(`[{"name":"rag","template":"a"}]`), "a", configName, ""},
		"a list without default": {config(`[{"name":"rag","template":"a"},{"name":"tool_use","template":"b"}]`), "", "", ""},
		"a number":               {config("7"), "", configName, "neither a text nor a list"},
		"no JSON":                {Files{Config: []byte("{")}, "", configName, configName},
		"the newer file":         {both, "new", "chat_template.jinja", ""},
		"GGUF":                   {Files{GGUF: &GGUF{ChatTemplate: "g"}, Config: []byte("{")}, "g", "GGUF", ""},
	} {
		source, file, err := c.files.Template()
		if source != c.source || file != c.file || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q of %q, %v; want %q of %q, %s", name, source, file, err, c.source, c.file, c.err)
		}
	}
}
