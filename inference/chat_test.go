package inference

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

// The templates that the families publish, as ../shared/formats.md §5 quotes them.
const (
	published2B4T = `{% set loop_messages = messages %}{% for message in loop_messages %}` +
		`{% set content = message['role'] | capitalize + ': '+ message['content'] | trim + '<|eot_id|>' %}{{ content }}` +
		`{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}`
	publishedLlama3 = `{% set loop_messages = messages %}{% for message in loop_messages %}` +
		`{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>` + "\n\n" + `'+ message['content'] | trim + '<|eot_id|>' %}` +
		`{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>` + "\n\n" + `' }}{% endif %}`
	publishedFalcon = `{% for message in messages %}{{ '<|' + message['role'] + '|>` + "\n" + `' + message['content'] + '` + "\n" + `' }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ '<|assistant|>` + "\n" + `' }}{% endif %}`
	placeholder2B4T = `{% for message in messages %}{% if message['role'] == 'user' %}` +
		`{{ 'Human: ' + message['content'] + 'BITNETAssistant: ' + eos_token }}{% endif %}{% endfor %}`
)

// chatEngine is an engine as far as chats need one: without weights.
func chatEngine(t testing.TB, m *model.Model) *Engine {
	t.Helper()
	tok, err := tokenizer.New(m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{model: m, tok: tok}
	e.chat = chooseTemplate(m, tok, "")
	return e
}

// small is a model with one of the small vocabularies of package tokenizer and
// a tokenizer_config.json that holds template. "falcon" is the byte-level one
// with Falcon3's only marker.
func small(t testing.TB, family model.Arch, vocabulary string, template any) *model.Model {
	t.Helper()
	dir := map[string]string{"falcon": "bpe"}[vocabulary]
	if dir == "" {
		dir = vocabulary
	}
	raw, err := os.ReadFile(filepath.Join("..", "tokenizer", "testdata", dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if vocabulary == "falcon" {
		var file map[string]any
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
		file["added_tokens"] = []any{map[string]any{"id": 406, "content": "<|endoftext|>", "special": true}}
		file["post_processor"] = nil
		raw, _ = json.Marshal(file)
	}
	m := &model.Model{Config: model.Config{Arch: family}, Tokenizer: vocab.Files{JSON: raw}}
	if template != nil {
		m.Tokenizer.Config, _ = json.Marshal(map[string]any{"chat_template": template})
	}
	return m
}

// conversation is rendered in every family; the spaces around its messages and
// the marker in the last one are part of the test.
var conversation = []Message{
	{Role: RoleSystem, Content: " Be brief.\n"},
	{Role: RoleUser, Content: "hi"},
	{Role: RoleAssistant, Content: "Hello!"},
	{Role: RoleUser, Content: "say <|eot_id|> "},
}

// TestChatLlama3Vocabulary has ids written by hand from the vocabulary of
// Llama-3, which 2B-4T shares, and from ../shared/formats.md §5.
func TestChatLlama3Vocabulary(t *testing.T) {
	raw, err := os.ReadFile(shared(t, "tokenizers", "llama3-128256.tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	const bos, start, end, eot, nn = 128000, 128006, 128007, 128009, 271
	typed := []int32{37890, 83739, 68, 354, 851, 91, 29} // say· <|·e·ot·_id·|·>
	llama3 := slices.Concat([]int32{bos},
		[]int32{start, 9125, end, nn, 3513, 10015, 13, eot}, // system; Be· brief·.
		[]int32{start, 882, end, nn, 6151, eot},             // user; hi
		[]int32{start, 78191, end, nn, 9906, 0, eot},        // assistant; Hello·!
		[]int32{start, 882, end, nn}, typed, []int32{eot},
		[]int32{start, 78191, end, nn})
	const space = 220 // the header's own, and not one with the word behind it
	bitnet := slices.Concat([]int32{bos},
		[]int32{2374, 25, space, 3513, 10015, 13, eot}, // System·:
		[]int32{1502, 25, space, 6151, eot},            // User·:
		[]int32{72803, 25, space, 9906, 0, eot},        // Assistant·:
		[]int32{1502, 25, space}, typed, []int32{eot},
		[]int32{72803, 25, space})
	files := vocab.Files{JSON: raw}
	tok, err := tokenizer.New(files)
	if err != nil {
		t.Fatal(err)
	}
	own := func(template string) vocab.Files {
		return vocab.Files{ChatTemplate: []byte(template)}
	}
	for _, c := range []struct {
		family model.Arch
		name   string // of the model
		files  vocab.Files
		chosen string
		want   []int32
	}{
		{checkpoint.Llama, "Llama3", own(publishedLlama3), "chat_template.jinja", llama3},
		{checkpoint.Llama, "Llama3-Instruct", files, "Llama 3", llama3},
		{checkpoint.BitNet2B4T, "2B", own(published2B4T), "chat_template.jinja", bitnet},
		{checkpoint.BitNet2B4T, "2B", files, "2B-4T", bitnet},
		{checkpoint.BitNet2B4T, "2B", vocab.Files{GGUF: &vocab.GGUF{ChatTemplate: placeholder2B4T}}, "2B-4T", bitnet},
	} {
		e := &Engine{tok: tok}
		m := &model.Model{Name: c.name, Config: model.Config{Arch: c.family}, Tokenizer: c.files}
		e.chat = chooseTemplate(m, tok, "")
		if name, _ := e.ChatTemplate(); name != c.chosen {
			t.Errorf("%s: template %q, want %q", c.name, name, c.chosen)
			continue
		}
		if got, err := e.Chat(conversation, true); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: %v, %v\nwant %v", c.name, c.chosen, got, err, c.want)
		}
		if ids, texts := e.ChatStops(); !slices.Equal(ids, []int32{128001, 128009}) || texts != nil {
			t.Errorf("%s: stops at %v and %q", c.name, ids, texts)
		}
	}
}

// TestChatSmall has ids written by hand from the small byte-level vocabulary:
// a byte's token is its place in the byte map, and the merges that occur are er
// 261, is 268, ant 380, es 301 and "." with two line ends 332.
func TestChatSmall(t *testing.T) {
	const bos, start, end, eot, nn, nl = 406, 410, 411, 413, 291, 198
	user := []int32{84, 82, 261}
	assistant := []int32{64, 82, 82, 268, 83, 380}
	turns := []Message{{Role: RoleUser, Content: "hi.\n"}, {Role: RoleAssistant, Content: "yes"}, {Role: RoleUser, Content: "</s>"}}
	tag := func(name []int32) []int32 { return slices.Concat([]int32{27, 91}, name, []int32{91, 29, nl}) }
	header := func(name []int32) []int32 { return slices.Concat([]int32{start}, name, []int32{end, nn}) }
	closing := []int32{27, 14, 82, 29} // </s>
	llama3 := slices.Concat([]int32{bos}, header(user), []int32{71, 72, 13, eot}, header(assistant), []int32{88, 301, eot},
		header(user), closing, []int32{eot}, header(assistant))
	falcon := slices.Concat(tag(user), []int32{71, 72, 332}, tag(assistant), []int32{88, 301, nl}, tag(user), closing, []int32{nl}, tag(assistant))
	named := []any{map[string]any{"name": "tool_use", "template": "x"}, map[string]any{"name": "default", "template": publishedFalcon}}
	for _, c := range []struct {
		what, vocabulary string
		template         any
		want             []int32
		stops            []int32
		texts            []string
	}{
		{"Llama-3", "bpe", publishedLlama3, llama3, []int32{407, eot}, nil},
		{"Falcon3", "falcon", publishedFalcon, falcon, []int32{406}, []string{"<|user|>"}},
		{"Falcon3 of several", "falcon", named, falcon, []int32{406}, []string{"<|user|>"}},
		{"only one, of any name", "falcon", named[1:], falcon, []int32{406}, []string{"<|user|>"}},
	} {
		e := chatEngine(t, small(t, checkpoint.Llama, c.vocabulary, c.template))
		if got, err := e.Chat(turns, true); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v\nwant %v", c.what, got, err, c.want)
		}
		if ids, texts := e.ChatStops(); !slices.Equal(ids, c.stops) || !slices.Equal(texts, c.texts) {
			t.Errorf("%s: stops at %v and %q, want %v and %q", c.what, ids, texts, c.stops, c.texts)
		}
	}
}

// TestChatSentencePiece has a dummy space only where the reference has one: in
// front of a text that starts the sequence or follows a marker.
func TestChatSentencePiece(t *testing.T) {
	e := chatEngine(t, small(t, checkpoint.Llama, "spm", `{{ bos_token }}{% for m in messages %}[{{ m.content }}]{{ eos_token }}{% endfor %}`))
	got, err := e.Chat([]Message{{Role: RoleUser, Content: "the"}, {Role: RoleUser, Content: "</s>"}}, false)
	want := slices.Concat([]int32{1}, e.tok.Encode("[the]"), []int32{2}, e.tok.Encode("[</s>]"), []int32{2})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// TestChatKeepsPrefix is what a session relies on: the prompt of a turn begins
// with that of the turn before and the ids that were generated.
func TestChatKeepsPrefix(t *testing.T) {
	generated := []int32{87, 88, 89, 220, 220} // no encoding of any text
	for _, c := range []struct {
		family               model.Arch
		vocabulary, template string
	}{
		{checkpoint.BitNet2B4T, "bpe", published2B4T},
		{checkpoint.BitNet2B4T, "bpe", ""},
		{checkpoint.Llama, "bpe", publishedLlama3},
		{checkpoint.Llama, "falcon", publishedFalcon},
	} {
		var template any
		if c.template != "" {
			template = c.template
		}
		e := chatEngine(t, small(t, c.family, c.vocabulary, template))
		turns := []Message{{Role: RoleUser, Content: "hi"}}
		first, err := e.Chat(turns, true)
		if err != nil {
			t.Fatal(err)
		}
		turns = append(turns, Message{Role: RoleAssistant, Content: "?", IDs: generated}, Message{Role: RoleUser, Content: "and"})
		second, err := e.Chat(turns, true)
		if err != nil {
			t.Fatal(err)
		}
		if n := commonPrefix(second, slices.Concat(first, generated)); n != len(first)+len(generated) {
			t.Errorf("%s, %s: %d ids of %v in %v", c.family, c.vocabulary, n, first, second)
		}
	}
}

func TestChatWithoutTemplate(t *testing.T) {
	for _, c := range []struct {
		what   string
		m      *model.Model
		want   error
		reason string
	}{
		{"base model", small(t, checkpoint.BitNet, "spm", nil), ErrNoTemplate, "no chat template"},
		{"base Llama", small(t, checkpoint.Llama, "bpe", nil), ErrNoTemplate, "no chat template"},
		{"empty", small(t, checkpoint.BitNet, "spm", ""), ErrNoTemplate, "no chat template"},
		{"null", small(t, checkpoint.BitNet, "spm", json.RawMessage("null")), ErrNoTemplate, "no chat template"},
		{"no list of templates", small(t, checkpoint.BitNet, "spm", 7), ErrTemplate, "neither a text nor a list"},
		{"unknown statement", small(t, checkpoint.BitNet, "spm", "{% frob %}"), ErrTemplate, "tokenizer_config.json, line 1: unknown tag 'frob'"},
		{"no other layout, though the vocabulary has all of its markers", small(t, checkpoint.Llama, "bpe", "<|user|><|assistant|>\n{% frob %}"), ErrTemplate, "line 2: unknown tag 'frob'"},
		{"leaves the words out", small(t, checkpoint.BitNet, "spm", "hello"), ErrTemplate, "leaves the user's words out"},
	} {
		e := chatEngine(t, c.m)
		if name, ok := e.ChatTemplate(); ok != (c.want == ErrTemplate) || ok && name != "tokenizer_config.json" {
			t.Errorf("%s: template %q, %v", c.what, name, ok)
		}
		if _, err := e.Chat(conversation[1:2], true); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want %q", c.what, err, c.reason)
		}
	}
	var none Engine
	if _, err := none.Chat(conversation, true); !errors.Is(err, ErrNoTemplate) {
		t.Errorf("without a tokenizer: %v", err)
	}
}

// TestChatRefused has conversations that a template does not take.
func TestChatRefused(t *testing.T) {
	alternate := `{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}` +
		`{{ raise_exception('roles must alternate') }}{% endif %}{{ m.content }}{% endfor %}`
	e := chatEngine(t, small(t, checkpoint.BitNet, "spm", alternate))
	for _, c := range []struct {
		messages []Message
		reason   string
	}{
		{[]Message{{Role: RoleUser, Content: "a"}, {Role: RoleUser, Content: "b"}}, "roles must alternate"},
		{[]Message{{Role: "tool", Content: "a"}}, "line 1: roles must alternate"},
	} {
		if _, err := e.Chat(c.messages, true); !errors.Is(err, ErrTemplate) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%v, want %q", err, c.reason)
		}
	}
	if _, err := e.Chat(conversation[1:], true); err != nil {
		t.Error(err)
	}
}

// TestChatOpens finds the template among a checkpoint's files, the newer one first.
func TestChatOpens(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []string{
		"testdata/goldens/hf-llama3-packed/config.json", "testdata/goldens/hf-llama3-packed/model.safetensors",
		"../tokenizer/testdata/bpe/tokenizer.json",
	} {
		raw, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.Base(from), raw)
	}
	is := func(want string) {
		t.Helper()
		if name, ok := open(t, dir, 1).ChatTemplate(); name != want || ok != (want != "") {
			t.Errorf("template %q, %v, want %q", name, ok, want)
		}
	}
	is("")
	config, _ := json.Marshal(map[string]any{"chat_template": publishedLlama3})
	write("tokenizer_config.json", config)
	is("tokenizer_config.json")
	write("chat_template.jinja", []byte(publishedFalcon))
	is("chat_template.jinja")
}
