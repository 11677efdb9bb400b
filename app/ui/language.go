package ui

import (
	"embed"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
)

// translations holds a file for each language but English, from every text of
// the program to what it is there. The names are those of Fyne's own files, so
// that a locale which finds those finds ours.
//
//go:embed translations
var translations embed.FS

// language is a language of the window, by the name that its speakers give it.
type language struct{ code, name, file string }

// languages are those to choose from; the first is the system's.
var languages = []language{
	{"", "System", ""},
	{"en", "English", ""},
	{"de", "Deutsch", "translations/de.json"},
	{"zh", "中文", "translations/zh_Hans.json"},
}

// speak makes the window speak a language, that of the system for "". It is
// called once, before anything is said: widgets keep what they were given.
func speak(code string) error {
	if code == "" {
		if err := lang.AddTranslationsFS(translations, "translations"); err != nil {
			return fmt.Errorf("ui: translations: %w", err)
		}
		return nil
	}
	for _, l := range languages {
		if l.code != code || l.file == "" {
			continue
		}
		data, err := translations.ReadFile(l.file)
		if err == nil {
			// The file is given to Fyne as the one of the system's locale.
			err = lang.AddTranslationsForLocale(data, systemLocale())
		}
		if err != nil {
			return fmt.Errorf("ui: %s: %w", l.file, err)
		}
	}
	return nil
}

// systemLocale is the locale that Fyne looks texts up for.
func systemLocale() fyne.Locale { return lang.SystemLocale() }
