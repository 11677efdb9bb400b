package ui

import (
	"slices"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// other is a model that wrote a conversation, and is not the one that is open.
type other struct {
	name  string
	path  string
	known bool // where it is; the built-in one has an empty path
}

// foreign is the model that wrote the last answer of the conversation, if another
// one is open and the user did not choose that for it; nil otherwise.
func (w *window) foreign() *other {
	m := w.view.Model
	if m == nil || w.continued[w.view.ID] == m.Name {
		return nil
	}
	for _, s := range slices.Backward(w.view.Document) {
		if s.Model == m.Name {
			return nil
		}
		if s.Model != "" {
			o := w.whereIs(s)
			return &o
		}
	}
	if w.mute() {
		return &other{}
	}
	return nil
}

// mute tells if messages are shown to a model that answers none.
func (w *window) mute() bool {
	m := w.view.Model
	return m != nil && m.Template == "" && w.view.Mode == chat.ChatMode && !w.transcript.Empty()
}

// whereIs finds the model that wrote a segment.
func (w *window) whereIs(s chat.Segment) other {
	o := other{name: s.Model}
	recorded := ""
	if list := w.ctl.Written(s.ID); len(list) > 0 && list[len(list)-1].Model == s.Model {
		recorded = list[len(list)-1].Path
	}
	for _, r := range w.settings.Recent {
		if r.Name == s.Model && (!o.known || r.Path == recorded) {
			o.path, o.known = r.Path, true
		}
	}
	switch {
	case recorded != "" && !o.known:
		o.path, o.known = recorded, true
	case s.Model == chat.BuiltinName():
		o.path, o.known = "", true
	}
	return o
}

// foreignMessage is the strip of a conversation that another model wrote.
func (w *window) foreignMessage() *kit.Notice {
	o := w.foreign()
	if o == nil || w.writing() || w.view.State != chat.Ready {
		return nil
	}
	m := &kit.Notice{Actions: w.foreignActions(o, func() {})}
	m.Sentence, m.Hint = w.foreignWords(o)
	return m
}

// foreignWords say who wrote the conversation and who would go on.
func (w *window) foreignWords(o *other) (sentence, hint string) {
	open := w.view.Model.Name
	hint = kit.Tr("{{.Model}} is open.", "Model", open)
	if w.mute() {
		hint = kit.Tr("{{.Model}} is open, which answers no messages.", "Model", open)
	}
	if o.name == "" {
		return kit.Tr("This is a conversation."), hint
	}
	return kit.Tr("{{.Model}} wrote this conversation.", "Model", o.name), hint
}

// foreignActions are what can be done about it, the opening first; then is done
// where the open model is to go on.
func (w *window) foreignActions(o *other, then func()) []kit.Action {
	open := kit.Action{Label: kit.Tr("Open another…"), Do: func() { w.choose(false) }}
	if o.known {
		open = kit.Action{Label: kit.Tr("Open {{.Model}}", "Model", o.name), Do: func() { w.load(o.path) }}
	}
	if w.mute() {
		return []kit.Action{open, {Label: kit.Tr("Write as a story"), Do: w.setStory}}
	}
	m := w.view.Model.Name
	return []kit.Action{open, {Label: kit.Tr("Continue with {{.Model}}", "Model", m), Do: func() {
		w.continued[w.view.ID] = m
		w.update()
		then()
	}}}
}

// askModel asks which model is to go on before it does; write does.
func (w *window) askModel(write func()) {
	o := w.foreign()
	sentence, hint := w.foreignWords(o)
	actions := w.foreignActions(o, write)
	w.dialogs.Open("", kit.NewQuestion(sentence+" "+hint), kit.DialogWidth, kit.Action{Label: kit.Tr("Cancel")}, actions[1], actions[0])
}
