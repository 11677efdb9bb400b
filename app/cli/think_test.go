package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunThinks: thoughts go to standard error, the answer to standard output; a
// budget closes them, a switch leaves them out, and an answer that never began is
// told.
func TestRunThinks(t *testing.T) {
	dir := withTokenizer(t, "hf-llama3-packed", "bpe")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const begins = `{% for m in messages %}{{ m.content.split('</think>')[-1] }}{% endfor %}{% if add_generation_prompt %}`
	write("chat_template.jinja", begins+`{{ '<think></think>' if enable_thinking is defined and not enable_thinking else '<think>' }}{% endif %}`)
	write("generation_config.json", `{"temperature": 0.7, "top_k": 20, "do_sample": true}`)
	ask := func(args ...string) (stdout, stderr string, code int) {
		return tern(t, "", append([]string{"run", "-m", dir, "--chat", "-p", "hi", "-n", "24", "--seed", "5"}, args...)...)
	}
	stdout, stderr, code := ask("--think-budget", "4")
	if code != 0 || strings.TrimSpace(stdout) == "" || strings.Contains(stdout, "think") || !strings.Contains(stderr, "Thinking: ") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	if !strings.Contains(stderr, "as the model's makers recommend: --temp 0.7 --top-k 20\n") {
		t.Errorf("the settings are not told: %q", stderr)
	}
	if _, stderr, _ := ask("--temp", "0"); strings.Contains(stderr, "recommend") {
		t.Errorf("%q", stderr)
	}
	if _, stderr, _ := ask("--top-k", "7"); !strings.Contains(stderr, "recommend: --temp 0.7\n") {
		t.Errorf("%q", stderr)
	}
	if stdout, stderr, code := ask(); code != 0 || strings.TrimSpace(stdout) != "" || !strings.Contains(stderr, "still thinking") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	if stdout, stderr, code := ask("--think", "off"); code != 0 || strings.TrimSpace(stdout) == "" || strings.Contains(stderr, "hinking") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	if _, stderr, code := ask("--think", "loudly"); code != 1 || !strings.Contains(stderr, `"loudly" is no level of thinking`) || !strings.Contains(stderr, "off, on") {
		t.Errorf("%d %q", code, stderr)
	}
	write("chat_template.jinja", begins+`<think>{% endif %}`) // no switch: the block is closed for it
	if stdout, stderr, code := ask("--think", "off"); code != 0 || strings.TrimSpace(stdout) == "" || strings.Contains(stderr, "hinking") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
}
