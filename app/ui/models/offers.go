package models

import (
	"path"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"tern/app/hub"
	"tern/app/library"
	"tern/app/ui/kit"
)

// offered is how a model would do here, with a mark so that colour is not all that
// tells. The words are the library's, the same wherever a model is offered.
func offered(o library.Offer) []kit.Span {
	text := kit.Translate(o.Text())
	switch {
	case text == "":
		return nil
	case o.Verdict == library.Fits:
		return []kit.Span{{Text: "✓ " + text, Colour: colorFits}}
	case o.Verdict == library.Tight:
		return []kit.Span{{Text: "! " + text, Colour: colorTight}}
	case o.Verdict == library.DoesNotFit:
		return []kit.Span{{Text: "× " + text, Colour: colorTooBig}}
	}
	return []kit.Span{kit.Muted(text)}
}

// The colours of verdicts; the marks before them say the same.
const (
	colorFits   = theme.ColorNameSuccess
	colorTight  = theme.ColorNameWarning
	colorTooBig = theme.ColorNameError
)

// offer is how a public model would do with what is free now.
func (m *Page) offer(p *library.Public) library.Offer {
	return m.shelf.Library.OfferPublic(p, m.do.State().Room, m.free, m.known)
}

// addCatalogue makes the rows of what is to be had, family by family, that of the
// recommended model first.
func (m *Page) addCatalogue() {
	best := library.Recommend(m.offer)
	families := slices.Clone(library.Families)
	if best != nil {
		slices.SortStableFunc(families, func(a, b library.Family) int {
			return rank(b.Name == best.Family) - rank(a.Name == best.Family)
		})
	}
	for _, family := range families {
		named := false
		for i := range library.Publics {
			p := &library.Publics[i]
			if p.Family != family.Name || m.Coming[p.ID] != nil || m.here(p.ID) {
				continue
			}
			if !named {
				named = true
				m.List.Add(kit.Gap(10))
				m.List.Add(container.New(kit.Flush{}, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
					kit.Span{Text: family.Name, Colour: theme.ColorNameForeground, Bold: true}, kit.Muted("  "+kit.Translate(family.About)))))
			}
			m.addRow(m.publicRow(p, p == best))
		}
	}
}

func rank(first bool) int {
	if first {
		return 1
	}
	return 0
}

// publicRow is a checkpoint that can be downloaded, with what is known of it
// before anybody is asked.
func (m *Page) publicRow(p *library.Public, best bool) *Row {
	button := kit.NewButton(kit.Tr("Download"), m.do.Escape, func() { m.start(p.ID) })
	if best {
		prominent(button)
	}
	row := newModelRow(path.Base(p.ID), button, m.pageButton(p.ID, nil))
	row.set(-1, m.publicLine(p, best)...)
	return row
}

// publicLine is what is known of a public model.
func (m *Page) publicLine(p *library.Public, best bool) []kit.Span {
	o := m.offer(p)
	var pieces [][]kit.Span
	if best {
		pieces = append(pieces, []kit.Span{{Text: kit.Tr("Recommended here"), Colour: theme.ColorNamePrimary, Bold: true}})
	}
	for _, s := range p.Sentences(o) {
		if s.Key == o.Text().Key {
			pieces = append(pieces, offered(o))
		} else {
			pieces = append(pieces, []kit.Span{kit.Muted(kit.Translate(s))})
		}
	}
	return dotted(pieces...)
}

// pageButton opens the menu of what else there is of a repository: its page, and its
// files where the site was asked for them.
func (m *Page) pageButton(id string, choices []hub.Choice) *kit.Button {
	b := kit.NewIconButton(kit.Tr("More for {{.Name}}", "Name", path.Base(id)), theme.MoreHorizontalIcon(), m.do.Escape, nil)
	b.OnTapped = func() { kit.PopUp(m.canvas, b, m.Pages(id, choices)) }
	return b
}

// Pages are the items of that menu: the files can be taken from it.
func (m *Page) Pages(id string, choices []hub.Choice) []*fyne.MenuItem {
	items := []*fyne.MenuItem{fyne.NewMenuItem(kit.Tr("The model’s page"), func() { m.do.OpenPage(hub.Site(m.do.State().Site) + "/" + id) })}
	if len(choices) < 2 {
		return items
	}
	items = append(items, fyne.NewMenuItemSeparator())
	for i, c := range choices {
		items = append(items, fyne.NewMenuItem(choiceText(c, i == 0), func() { m.take(id, c.File) }))
	}
	return items
}

// choiceText explains one of several files of the same weights.
func choiceText(c hub.Choice, best bool) string {
	name := string(c.Form)
	if name == "" {
		name = c.File
	}
	if c.Size > 0 {
		name += " · " + kit.Size(c.Size)
	}
	about := kit.Translate(library.AboutForm(c.Form))
	if about == "" {
		about = kit.Tr("for other programs")
	}
	if best {
		return name + " · " + kit.Tr("{{.About}} (recommended)", "About", about)
	}
	return name + " · " + about
}
