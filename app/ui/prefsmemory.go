package ui

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// prefsMemory is the part of the settings page about what models know of conversations: on disk and in memory.
type prefsMemory struct {
	disk, snapshots *kit.Choice
	size            *kit.Note
	clear           *kit.Button
	rows            []fyne.CanvasObject
	shown           chat.KeptView
}

// memoryActions are what the part asks for, in megabytes.
type memoryActions struct {
	setKept, setSnapshots func(int)
	clear, escape         func()
}

func newPrefsMemory(do memoryActions) *prefsMemory {
	m := &prefsMemory{}
	choice := func(of []int, set func(int)) *kit.Choice {
		var names []string
		for _, n := range of {
			name := fmt.Sprintf("%d MB", n)
			switch {
			case n == 0:
				name = kit.Tr("Off")
			case n >= 1000:
				name = fmt.Sprintf("%d GB", n/1000)
			}
			names = append(names, name)
		}
		return kit.NewChoice(names, do.escape, func(i int) { set(of[i]) })
	}
	m.disk = choice(settings.KeptMB, do.setKept)
	m.snapshots = choice(settings.SnapshotMB, do.setSnapshots)
	m.size = kit.NewNote(theme.SizeNameText)
	m.clear = kit.NewButton(kit.Tr("Delete"), do.escape, do.clear)
	m.clear.Name = kit.Tr("Delete what is kept on disk of conversations")
	m.rows = []fyne.CanvasObject{
		kit.Section(kit.Tr("Long conversations")),
		kit.NewRow(kit.Tr("Kept on disk"), kit.Tr("What a model knows of a long conversation, so that it goes on after a restart without being read again. Deleting a conversation deletes this, too."),
			nil, container.NewBorder(nil, nil, m.disk.Box, nil), do.escape, nil).Box,
		container.NewBorder(nil, nil, nil, m.clear, container.New(kit.Flush{}, m.size)),
		kit.NewRow(kit.Tr("Places to go back to"), kit.Tr("Memory for hybrid models (Qwen3.5, Bonsai 2), which cannot go back without a copy of their state: with more of it, less is read again after an edit or a new answer."),
			nil, container.NewBorder(nil, nil, m.snapshots.Box, nil), do.escape, nil).Box,
	}
	m.kept(chat.KeptView{})
	return m
}

// show brings the part in step with s.
func (m *prefsMemory) show(s settings.Settings) {
	m.disk.Show(slices.Index(settings.KeptMB, s.KeptMB))
	m.snapshots.Show(slices.Index(settings.SnapshotMB, s.SnapshotMB))
}

// kept says how much is on disk.
func (m *prefsMemory) kept(v chat.KeptView) {
	if m.shown == v && m.size.Text() != "" {
		return
	}
	m.shown = v
	if v.Files == 0 {
		m.size.Set(kit.Muted(kit.Tr("Nothing is kept now.")))
		m.clear.Disable()
		return
	}
	m.size.Set(kit.Muted(kit.TrN(v.Files, "{{.Size}} of one conversation is kept now.", "{{.Size}} of {{.N}} conversations is kept now.", "Size", kit.Size(v.OnDisk))))
	m.clear.Enable()
}

func (pre *preferences) setKept(megabytes int) {
	pre.settings.KeptMB = megabytes
	pre.applySettings()
	pre.cfg.Save(pre.settings)
}

func (pre *preferences) setSnapshots(megabytes int) {
	pre.settings.SnapshotMB = megabytes
	pre.applySettings()
	pre.cfg.Save(pre.settings)
}
