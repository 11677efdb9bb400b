package ui

import (
	"slices"
	"time"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// authors asks who is to go on with a conversation that another model wrote.
type authors struct {
	*session
	do authorsActions

	tokens Tokens

	dialogs    *kit.Dialogs
	transcript *longtext.View

	continued map[string]string // models that the user chose to go on with, by conversation
}

// authorsActions are what authors needs of the other parts.
type authorsActions struct {
	choose   func(folder bool)
	load     func(path string)
	setStory func()
	update   func() time.Duration
}

// other is a model that wrote a conversation, and is not the one that is open.
type other struct {
	name  string
	path  string
	known bool // where it is; the built-in one has an empty path
}

// foreign is the model that wrote the last answer of the conversation, if another
// one is open and the user did not choose that for it; nil otherwise.
func (aut *authors) foreign() *other {
	m := aut.view.Model
	if m == nil || aut.continued[aut.view.ID] == m.Name {
		return nil
	}
	for _, s := range slices.Backward(aut.view.Document) {
		if s.Model == m.Name {
			return nil
		}
		if s.Model != "" {
			o := aut.whereIs(s)
			return &o
		}
	}
	if aut.mute() {
		return &other{}
	}
	return nil
}

// mute reports whether messages are shown to a model that answers none.
func (aut *authors) mute() bool {
	m := aut.view.Model
	return m != nil && m.Template == "" && aut.view.Mode == chat.ChatMode && !aut.transcript.Empty()
}

// whereIs finds the model that wrote a segment.
func (aut *authors) whereIs(s chat.Segment) other {
	o := other{name: s.Model}
	recorded := ""
	if list := aut.tokens.Written(s.ID); len(list) > 0 && list[len(list)-1].Model == s.Model {
		recorded = list[len(list)-1].Path
	}
	for _, r := range aut.settings.Recent {
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
func (aut *authors) foreignMessage() *kit.Notice {
	o := aut.foreign()
	if o == nil || aut.writing() || aut.view.State != chat.Ready {
		return nil
	}
	m := &kit.Notice{Actions: aut.foreignActions(o, func() {})}
	m.Sentence, m.Hint = aut.foreignWords(o)
	return m
}

// foreignWords say who wrote the conversation and who would go on.
func (aut *authors) foreignWords(o *other) (sentence, hint string) {
	open := aut.view.Model.Name
	hint = kit.Tr("{{.Model}} is open.", "Model", open)
	if aut.mute() {
		hint = kit.Tr("{{.Model}} is open, which answers no messages.", "Model", open)
	}
	if o.name == "" {
		return kit.Tr("This is a conversation."), hint
	}
	return kit.Tr("{{.Model}} wrote this conversation.", "Model", o.name), hint
}

// foreignActions are what can be done about it, the opening first; then is done
// where the open model is to go on.
func (aut *authors) foreignActions(o *other, then func()) []kit.Action {
	open := kit.Action{Label: kit.Tr("Open another…"), Do: func() { aut.do.choose(false) }}
	if o.known {
		open = kit.Action{Label: kit.Tr("Open {{.Model}}", "Model", o.name), Do: func() { aut.do.load(o.path) }}
	}
	if aut.mute() {
		return []kit.Action{open, {Label: kit.Tr("Write as a story"), Do: aut.do.setStory}}
	}
	m := aut.view.Model.Name
	return []kit.Action{open, {Label: kit.Tr("Continue with {{.Model}}", "Model", m), Do: func() {
		aut.continued[aut.view.ID] = m
		aut.do.update()
		then()
	}}}
}

// askModel asks which model is to go on before it does; write does.
func (aut *authors) askModel(write func()) {
	o := aut.foreign()
	sentence, hint := aut.foreignWords(o)
	actions := aut.foreignActions(o, write)
	aut.dialogs.Open("", kit.NewQuestion(sentence+" "+hint), kit.DialogWidth, kit.Action{Label: kit.Tr("Cancel")}, actions[1], actions[0])
}
