// Package models is the page of models: those on this computer, those in other
// programs' folders, and those that can be downloaded, with how each fits into the
// memory that is free and how fast it writes here.
//
// page.go is the page and its rows of models, row.go what a row is, downloads.go
// the rows of downloads, fit.go the words for a fit; shelf.go is what the page
// lists and asks. What the page wants of its window goes through Actions.
package models
