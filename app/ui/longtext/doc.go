// Package longtext is a view of a text that may be as long as a book, and grows at
// its end while it is read. It has widgets for what is near the view alone, and
// lays nothing out again but the last paragraph while text streams in. It shows a
// story as paragraphs and a conversation as messages, in which a reader can
// select, search, go with the keyboard and edit. It knows no models: what it shows
// is given to it as a Document, and what is done in it goes through Actions.
//
// paragraphs.go cuts a document; content.go is what is shown of it; page.go and
// its neighbours have the places and the widgets, blocks.go those of each kind,
// shade.go the colours below words; view.go scrolls; api.go and places.go are for
// whoever holds a View; find.go, reader.go and editor.go are what works on it.
package longtext
