package ui

// wire gives the parts of the window the functions that they need of each other, and
// what they need of conversations and models.
func (w *window) wire() {
	w.answering.conversation = w.ctl.Conversation
	w.answering.session, w.answering.do = w.session, answeringActions{
		askModel:     w.authors.askModel,
		closeEditor:  w.editing.closeEditor,
		continueHere: w.editing.continueHere,
		covered:      w.arrangement.covered,
		editsStory:   w.editing.editsStory,
		focusPrompt:  w.focusPrompt,
		foreign:      w.authors.foreign,
		quiet:        w.notices.quiet,
		sendEdited:   w.editing.sendEdited,
		update:       w.update,
		wrote:        w.opener.wrote,
	}
	w.notices.conversation, w.notices.shelf = w.ctl.Conversation, w.ctl.Shelf
	w.notices.session, w.notices.do = w.session, noticesActions{
		advice:           w.copies.advice,
		begin:            w.answering.begin,
		choose:           w.chooser.choose,
		copyText:         w.messages.copyText,
		dropOldest:       w.answering.dropOldest,
		export:           w.conversations.export,
		failed:           w.opener.failed,
		foreignMessage:   w.authors.foreignMessage,
		fresh:            w.conversations.fresh,
		goOn:             w.answering.goOn,
		insteadMessage:   w.opener.insteadMessage,
		notesMessage:     w.copies.notesMessage,
		offerCopy:        w.copies.offerCopy,
		openConversation: w.conversations.openConversation,
		openScreen:       w.arrangement.openScreen,
		raiseLimit:       w.answering.raiseLimit,
		update:           w.update,
	}
	w.opener.models = w.ctl.Models
	w.opener.session, w.opener.do = w.session, openerActions{
		choose:      w.chooser.choose,
		closeScreen: w.arrangement.closeScreen,
		focusPrompt: w.focusPrompt,
		openScreen:  w.arrangement.openScreen,
		update:      w.update,
	}
	w.chooser.session, w.chooser.do = w.session, chooserActions{
		applySettings: w.preferences.applySettings,
		forget:        w.notices.forget,
		load:          w.opener.load,
		tell:          w.notices.tell,
	}
	w.conversations.conversation, w.conversations.shelf = w.ctl.Conversation, w.ctl.Shelf
	w.conversations.session, w.conversations.do = w.session, conversationsActions{
		applySettings: w.preferences.applySettings,
		chooseFile:    w.chooser.chooseFile,
		chooseNew:     w.chooser.chooseNew,
		closeEditor:   w.editing.closeEditor,
		closeLeft:     w.arrangement.closeLeft,
		closeScreen:   w.arrangement.closeScreen,
		focusPrompt:   w.focusPrompt,
		quiet:         w.notices.quiet,
		recommend:     w.preferences.recommend,
		relayout:      w.arrangement.relayout,
		showMenu:      w.showMenu,
		sidebarShown:  w.arrangement.sidebarShown,
		tell:          w.notices.tell,
		toggleSidebar: w.arrangement.toggleSidebar,
	}
	w.editing.conversation = w.ctl.Conversation
	w.editing.session, w.editing.do = w.session, editingActions{
		copyText:    w.messages.copyText,
		covered:     w.arrangement.covered,
		escape:      w.escape,
		focusPrompt: w.focusPrompt,
		showMain:    w.answering.showMain,
		showText:    w.showText,
		tellLater:   w.notices.tellLater,
		tokensShown: w.inspecting.tokensShown,
	}
	w.messages.conversation, w.messages.tokens = w.ctl.Conversation, w.ctl.Tokens
	w.messages.session, w.messages.do = w.session, messagesActions{
		closeEditor:   w.editing.closeEditor,
		editMessage:   w.editing.editMessage,
		editParagraph: w.editing.editParagraph,
		escape:        w.escape,
		retry:         w.answering.retry,
		retryMessage:  w.answering.retryMessage,
		tell:          w.notices.tell,
		undo:          w.answering.undo,
	}
	w.reading.conversation = w.ctl.Conversation
	w.reading.session, w.reading.do = w.session, readingActions{
		closeEditor:   w.editing.closeEditor,
		closeScreen:   w.arrangement.closeScreen,
		copyText:      w.messages.copyText,
		covered:       w.arrangement.covered,
		editMessage:   w.editing.editMessage,
		editParagraph: w.editing.editParagraph,
		focusPrompt:   w.focusPrompt,
		relayout:      w.arrangement.relayout,
	}
	w.arrangement.tokens = w.ctl.Tokens
	w.arrangement.session, w.arrangement.do = w.session, arrangementActions{
		escape:      w.escape,
		focusPrompt: w.focusPrompt,
		reshade:     w.inspecting.reshade,
		showMenu:    w.showMenu,
	}
	w.copies.jobs, w.copies.models = w.ctl.Jobs, w.ctl.Models
	w.copies.session, w.copies.do = w.session, copiesActions{
		applySettings: w.preferences.applySettings,
		chooseIn:      w.chooser.chooseIn,
		escape:        w.escape,
		load:          w.opener.load,
		openedInstead: w.opener.openedInstead,
		quiet:         w.notices.quiet,
		recommend:     w.preferences.recommend,
		tell:          w.notices.tell,
		tellLater:     w.notices.tellLater,
		tellProblem:   w.notices.tellProblem,
		update:        w.update,
	}
	w.authors.tokens = w.ctl.Tokens
	w.authors.session, w.authors.do = w.session, authorsActions{
		choose:   w.chooser.choose,
		load:     w.opener.load,
		setStory: w.conversations.setStory,
		update:   w.update,
	}
	w.preferences.conversation = w.ctl.Conversation
	w.preferences.session, w.preferences.do = w.session, preferencesActions{
		openScreen:   w.arrangement.openScreen,
		quiet:        w.notices.quiet,
		relayout:     w.arrangement.relayout,
		restyleParts: w.arrangement.restyleParts,
		showMenu:     w.showMenu,
		shows:        w.arrangement.shows,
		tell:         w.notices.tell,
		tellProblem:  w.notices.tellProblem,
		update:       w.update,
	}
	w.inspecting.jobs, w.inspecting.models = w.ctl.Jobs, w.ctl.Models
	w.inspecting.session, w.inspecting.do = w.session, inspectingActions{
		copyText:   w.messages.copyText,
		panelShown: w.arrangement.panelShown,
		showPanel:  w.arrangement.showPanel,
		tell:       w.notices.tell,
	}
	w.connecting.session, w.connecting.do = w.session, connectingActions{
		closeScreen: w.arrangement.closeScreen,
		escape:      w.escape,
		load:        w.opener.load,
	}
}

// equip gives them the widgets that they work with.
func (w *window) equip() {
	w.answering.composer, w.answering.options, w.answering.status, w.answering.strip, w.answering.transcript, w.answering.win = w.composer, w.options, w.status, w.strip, w.transcript, w.win
	w.notices.dialogs, w.notices.modelsPage = w.dialogs, w.modelsPage
	w.opener.connect, w.opener.dialogs, w.opener.modelsPage, w.opener.shelf, w.opener.win = w.connect, w.dialogs, w.modelsPage, w.shelf, w.win
	w.chooser.dialogs, w.chooser.menu, w.chooser.models, w.chooser.shelf = w.dialogs, w.menu, w.models, w.shelf
	w.conversations.composer, w.conversations.dialogs, w.conversations.finder, w.conversations.options, w.conversations.sidebar, w.conversations.transcript, w.conversations.win = w.composer, w.dialogs, w.finder, w.options, w.sidebar, w.transcript, w.win
	w.editing.inspect, w.editing.th, w.editing.transcript, w.editing.win = w.inspect, w.th, w.transcript, w.win
	w.messages.dialogs, w.messages.transcript, w.messages.win = w.dialogs, w.transcript, w.win
	w.reading.dialogs, w.reading.finder, w.reading.transcript, w.reading.win = w.dialogs, w.finder, w.transcript, w.win
	w.arrangement.composer, w.arrangement.dialogs, w.arrangement.finder, w.arrangement.inspectSide, w.arrangement.leftEdge, w.arrangement.rightEdge, w.arrangement.scrim, w.arrangement.sidebar, w.arrangement.start, w.arrangement.status, w.arrangement.strip, w.arrangement.topbar, w.arrangement.transcript, w.arrangement.win = w.composer, w.dialogs, w.finder, w.inspectSide, w.leftEdge, w.rightEdge, w.scrim, w.sidebar, w.start, w.status, w.strip, w.topbar, w.transcript, w.win
	w.copies.dialogs, w.copies.menu, w.copies.options, w.copies.transcript = w.dialogs, w.menu, w.options, w.transcript
	w.authors.dialogs, w.authors.transcript = w.dialogs, w.transcript
	w.preferences.composer, w.preferences.dialogs, w.preferences.options, w.preferences.prefs, w.preferences.start, w.preferences.status, w.preferences.th, w.preferences.topbar, w.preferences.transcript, w.preferences.win = w.composer, w.dialogs, w.options, w.prefs, w.start, w.status, w.th, w.topbar, w.transcript, w.win
	w.inspecting.finder, w.inspecting.inspect, w.inspecting.inspectSide, w.inspecting.transcript = w.finder, w.inspect, w.inspectSide, w.transcript
	w.connecting.connect = w.connect
}

// menuActions are the functions of the menu's items.
func (w *window) menuActions() menuActions {
	return menuActions{
		current:        func() string { return w.view.ID },
		write:          w.answering.generate,
		stop:           w.answering.stopAny,
		retry:          w.answering.retry,
		undo:           w.answering.undo,
		undelete:       w.conversations.restore,
		branch:         w.conversations.branch,
		fresh:          w.conversations.fresh,
		story:          w.conversations.setStory,
		thoughts:       w.conversations.turnThoughts,
		copyAll:        w.messages.copyAll,
		copyAnswer:     w.messages.copyAnswer,
		find:           w.reading.find,
		search:         w.conversations.searchConversations,
		editLast:       w.editing.editLast,
		importFile:     w.conversations.importFile,
		unload:         w.opener.unload,
		keepCopy:       w.copies.keepCopy,
		sidebar:        w.arrangement.toggleSidebar,
		shortcuts:      w.shortcuts,
		lookForVersion: w.preferences.offerLook,
		about:          w.about,
		quit:           w.quit,
		focusPrompt:    w.focusPrompt,
		rename:         w.conversations.rename,
		duplicate:      w.conversations.duplicate,
		remove:         w.conversations.remove,
		export:         w.conversations.export,
		choose:         w.chooser.choose,
		step:           w.conversations.stepVersion,
		read:           w.reading.readBy,
		zoom:           w.preferences.zoom,
		theme:          w.preferences.setTheme,
	}
}
