package checkpoint

import (
	"strings"

	"tern/model"
)

// opening is a model that is being read.
type opening struct{ model.Model }

// slots lists the weights of the model by the names of its class.
func (m *opening) slots() []model.Slot { return Find(m.Arch).slots(&m.Model) }

func (a *Architecture) slots(m *model.Model) []model.Slot { return m.Slots(&a.Names) }

const headName = "lm_head.weight"

// excluded reports whether the module stays float: each entry of
// modules_to_not_convert is a substring of the paths it means.
func (q *quantization) excluded(module string) bool {
	for _, s := range q.exclude {
		if strings.Contains(module, s) {
			return true
		}
	}
	return false
}

// needed reports whether a tensor that no slot of the model reads must not be
// skipped, because the computation would be another one without it.
func needed(name string) bool {
	if strings.HasSuffix(name, ".rotary_emb.inv_freq") {
		return false // a buffer that old versions of the model class saved
	}
	if strings.HasPrefix(name, "mtp.") {
		return false // blocks that predict further tokens and are not run
	}
	for _, s := range []string{"bias", "lora", "expert", "norm", "_scale"} {
		if strings.Contains(strings.ToLower(name), s) {
			return true
		}
	}
	return strings.HasPrefix(name, "model.layers.") && strings.HasSuffix(name, ".weight")
}
