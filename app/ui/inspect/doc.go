// Package inspect is the panel that looks inside: the tokens of an answer with what
// else was likely, the weights of the open model, and the speed of this computer.
//
// panel.go is the panel and its page of tokens, text.go the words on it, places.go
// where they stand in the text of the conversation, bars.go what could have been
// chosen instead; model.go and speed.go are the other two pages. What the panel
// asks for goes through Actions.
package inspect
