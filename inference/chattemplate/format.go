package chattemplate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Format is how a template has its model mark what an answer is made of, and how it
// lets others switch that. It is found by rendering conversations and looking at
// what comes out: templates do not say it.
type Format struct {
	// Open and Close are the markers around what a model thinks before it answers,
	// "" where it does not.
	Open, Close string
	// Closing is what the template writes between thoughts and answer.
	Closing string
	// Levels are how much the model can be made to think, the least first; nil where
	// it cannot be switched.
	Levels []Level
	// Tools is how calls of tools are written, nil where the template has none.
	Tools *ToolFormat
}

// Level is one way to have a model think.
type Level struct {
	Name string // LevelOff, LevelOn, or an effort that the template knows: "low", "high"
	// Variables of the template make it so.
	Variables map[string]json.RawMessage
	Default   bool // it is so without them
}

// The names of levels that are not efforts.
const (
	LevelOff = "off"
	LevelOn  = "on"
)

// efforts are what clients ask for, the least first.
var efforts = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// Level returns the level that comes nearest to an effort as clients name it, or to
// the name of a level. ok is false where there is no such word, or no levels.
func (f *Format) Level(effort string) (l Level, ok bool) {
	rank := func(name string) int {
		switch name {
		case LevelOff:
			return 0
		case LevelOn:
			return slices.Index(efforts, "medium")
		}
		return slices.Index(efforts, name)
	}
	wanted := rank(effort)
	best := -1
	for i, l := range f.Levels {
		if l.Name == effort {
			return l, true
		}
		if wanted < 0 {
			continue
		}
		// Off is for those who want none, and on for all others.
		off := rank(l.Name) == 0
		if len(f.Levels) > 1 && off != (wanted <= 1 && f.Levels[0].off()) {
			continue
		}
		distance := func(i int) int { return max(rank(f.Levels[i].Name)-wanted, wanted-rank(f.Levels[i].Name)) }
		if best < 0 || distance(i) < distance(best) {
			best = i
		}
	}
	if best < 0 {
		return Level{}, false
	}
	return f.Levels[best], true
}

func (l Level) off() bool { return l.Name == LevelOff || l.Name == "none" }

type lazyFormat struct {
	once sync.Once
	Format
}

// Format returns the format of answers. The caller must not change it.
func (t *Template) Format() *Format {
	t.format.once.Do(func() {
		if t.broken != nil {
			return
		}
		f := &t.format.Format
		f.Open, f.Close, f.Closing = t.markers()
		if f.Open != "" {
			f.Levels = t.levels(f)
		}
		f.Tools = t.toolFormat()
	})
	return &t.format.Format
}

// Words of the conversations that are rendered to look at.
const (
	probeUser    = "QuestionOfUser"
	probeThought = "ThoughtOfModel"
	probeAnswer  = "AnswerOfModel"
)

// probe renders a conversation, "" where the template refuses it.
func (t *Template) probe(messages []Message, o Options) string {
	text, err := t.text(messages, o)
	if err != nil {
		return ""
	}
	return text.String()
}

// tag is how markers look: <think>, [THINK], <|START_THINKING|>, <seed:think>.
var tag = regexp.MustCompile(`</?[A-Za-z][\w:.\-]*>|\[/?[A-Z][A-Z_]*\]|<\|/?[\w:.\-]+\|>`)

// openOf returns the marker that goes with one that closes, "" where the text does
// not look like one.
func openOf(closing string) string {
	for _, pair := range [][2]string{{"</", "<"}, {"[/", "["}, {"<|/", "<|"}, {"<|END_", "<|START_"}, {"<|end_", "<|begin_"}, {"<|end_", "<|start_"}} {
		if rest, ok := strings.CutPrefix(closing, pair[0]); ok && rest != "" {
			return pair[1] + rest
		}
	}
	return ""
}

// markers finds the markers of thoughts: those that the template puts around a
// message's reasoning, those up to which it drops an earlier answer, or those that
// it begins an answer with; else those of the vocabulary that have such a name.
func (t *Template) markers() (open, closing, between string) {
	user := Message{Role: RoleUser, Content: probeUser}
	// Around reasoning that is kept apart.
	text := t.probe([]Message{user, {Role: RoleAssistant, Content: probeAnswer, Reasoning: probeThought}}, Options{})
	before, rest, ok := strings.Cut(text, probeThought)
	if between, _, found := strings.Cut(rest, probeAnswer); ok && found {
		all := tag.FindAllString(before, -1)
		closing := tag.FindString(between)
		if closing != "" && len(all) > 0 && strings.HasSuffix(strings.TrimSpace(before), all[len(all)-1]) && strings.HasPrefix(strings.TrimSpace(between), closing) {
			return all[len(all)-1], closing, between
		}
	}
	begun := t.probe([]Message{user}, Options{GenerationPrompt: true})
	off := t.probe([]Message{user}, Options{GenerationPrompt: true, Variables: map[string]json.RawMessage{"enable_thinking": json.RawMessage("false")}})
	for _, closing := range slices.Compact(slices.Sorted(slices.Values(tag.FindAllString(t.source, -1)))) {
		open := openOf(closing)
		if open == "" {
			continue
		}
		earlier := t.probe([]Message{user, {Role: RoleAssistant, Content: open + probeThought + closing + probeAnswer}, user}, Options{})
		dropped := strings.Contains(earlier, probeAnswer) && !strings.Contains(earlier, probeThought)
		empty := regexp.MustCompile(regexp.QuoteMeta(open) + `\s*` + regexp.QuoteMeta(closing) + `\s*$`)
		if dropped || strings.HasSuffix(strings.TrimSpace(begun), open) || empty.MatchString(begun) || empty.MatchString(off) {
			return open, closing, "\n" + closing + "\n\n"
		}
	}
	for _, name := range []string{"think", "thinking", "thought", "reasoning", "THINK"} {
		for _, pair := range [][2]string{{"<", ">"}, {"[", "]"}} {
			open, closing := pair[0]+name+pair[1], pair[0]+"/"+name+pair[1]
			if t.has != nil && t.has(open) && t.has(closing) {
				return open, closing, "\n" + closing + "\n\n"
			}
		}
	}
	return "", "", ""
}

// switchName is how variables are called that have to do with thinking.
var switchName = regexp.MustCompile(`\b\w*(?:think|reason)\w*\b`)

// levels finds the variables that change how an answer begins.
func (t *Template) levels(f *Format) (levels []Level) {
	render := func(name, value string) string {
		o := Options{GenerationPrompt: true}
		if name != "" {
			o.Variables = map[string]json.RawMessage{name: json.RawMessage(value)}
		}
		return t.probe([]Message{{Role: RoleUser, Content: probeUser}}, o)
	}
	usual := render("", "")
	if usual == "" {
		return nil
	}
	names := slices.Compact(slices.Sorted(slices.Values(switchName.FindAllString(t.source, -1))))
	names = slices.DeleteFunc(names, func(n string) bool { return n == "reasoning_content" })
	level := func(name, variable, value string) Level {
		return Level{name, map[string]json.RawMessage{variable: json.RawMessage(value)}, render(variable, value) == usual}
	}
	for _, name := range names {
		no, yes := render(name, "false"), render(name, "true")
		if no == "" || yes == "" || no == yes || strings.Contains(render(name, `"nonsense"`), "nonsense") {
			continue // or it is written as it is
		}
		// Off is where the block is closed already, or not begun.
		off, on := "false", "true"
		if tail := strings.TrimSpace(yes); strings.HasSuffix(tail, f.Close) || strings.HasSuffix(strings.TrimSpace(no), f.Open) {
			off, on = on, off
		}
		levels = append(levels, level(LevelOff, name, off), level(LevelOn, name, on))
		break
	}
	for _, name := range names {
		other := render(name, `"nonsense"`)
		var list []Level
		for _, effort := range efforts {
			text := render(name, `"`+effort+`"`)
			free := strings.Contains(other, "nonsense") && !strings.Contains(usual, "nonsense")
			named := strings.Contains(t.source, `'`+effort+`'`) || strings.Contains(t.source, `"`+effort+`"`)
			switch {
			case text == "" || text == other && !named:
			case free && !slices.Contains([]string{"low", "medium", "high"}, effort) && !named:
			default:
				list = append(list, level(effort, name, `"`+effort+`"`))
			}
		}
		same := slices.ContainsFunc(list, func(l Level) bool {
			return render(name, string(l.Variables[name])) != render(name, string(list[0].Variables[name]))
		})
		if len(list) < 2 || !same {
			continue
		}
		if len(levels) > 0 && list[0].off() { // it says that, too
			levels = nil
		}
		if len(levels) > 0 { // a switch, and efforts for where it is on
			levels = levels[:1]
		}
		return append(levels, list...)
	}
	return levels
}

// begun reports whether a prompt ends within a block of thoughts; tail is
// what the template wrote behind the last message.
func (f *Format) begun(tail string) bool {
	return f.Open != "" && strings.LastIndex(tail, f.Open) > strings.LastIndex(tail, f.Close)
}
