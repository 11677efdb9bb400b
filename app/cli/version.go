package cli

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime"

	"tern/app/library"
	"tern/app/recipe"
	"tern/app/settings"
)

// Version says what this program is, and what it computes with here.
func Version() string {
	about := recipe.Program()
	here := recipe.Here(recipe.Computed{})
	return fmt.Sprintf("tern %s\ncommit %s\nbuilt with %s for %s, computes with the %s kernels\nMIT licence; tern licences prints those of all that it is built of\n",
		about.Version, cmp.Or(about.Commit, "not recorded"), runtime.Version(), here.Platform, here.Kernel)
}

// NewLibrary is library.New, which knows what the window or a command measured of this
// computer shortly before.
func NewLibrary() *library.Library {
	l := library.New()
	if folder, err := settings.CacheFolder(); err == nil {
		l.KeepSpeeds(filepath.Join(folder, "speeds.json"), Version())
	}
	return l
}
