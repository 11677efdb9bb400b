package checkpoint

import (
	"encoding/json"
	"slices"
	"strings"

	"tern/model/pyjson"
)

// visionNote is what a user is told where only the text part of a model runs.
const visionNote = "The vision part of this model is not loaded; its text works without it."

// textPart returns what a config.json says of the text model of a class that sees images too, and whether
// it is such a file: then text_config has the keys of a model that Tern runs. Others stay as they are.
func textPart(raw []byte) (text []byte, sees bool) {
	var top, part map[string]json.RawMessage
	if pyjson.Unmarshal(raw, &top) != nil || json.Unmarshal(top["text_config"], &part) != nil {
		return raw, false
	}
	var kind string
	if json.Unmarshal(part["model_type"], &kind) != nil || !slices.ContainsFunc(architectures, func(a *Architecture) bool {
		return a.typeAlone && a.ModelType == kind
	}) {
		return raw, false
	}
	delete(part, "architectures") // the type names the class of the text
	for _, key := range []string{"quantization_config", "bos_token_id", "eos_token_id"} {
		if value, ok := top[key]; ok && part[key] == nil {
			part[key] = value
		}
	}
	if string(part["tie_word_embeddings"]) != "true" { // the two levels may differ: the tensors tell
		delete(part, "tie_word_embeddings")
	}
	text, err := json.Marshal(part)
	return text, err == nil
}

// languageModel begins the names of the text's tensors in such a class, and what it stands for.
var languageModel = [][2]string{{"model.language_model.", "model."}, {"language_model.model.", "model."}, {"language_model.lm_head.", "lm_head."}}

// vision begins the names of the tensors that see.
var vision = []string{"model.visual.", "visual.", "model.vision_tower.", "vision_tower.", "model.multi_modal_projector.", "multi_modal_projector."}

// textTensors gives the tensors of the text the names that they have in a class of text alone, and takes out those
// of the vision part, whose names it returns.
func textTensors(tensors map[string]*tensor) (seeing []string) {
	for name, t := range tensors {
		if slices.ContainsFunc(vision, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			seeing = append(seeing, name)
			delete(tensors, name)
			continue
		}
		for _, p := range languageModel {
			if rest, is := strings.CutPrefix(name, p[0]); is && tensors[p[1]+rest] == nil {
				tensors[p[1]+rest] = t
				delete(tensors, name)
			}
		}
	}
	slices.Sort(seeing)
	return seeing
}
