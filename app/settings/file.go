package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tern/app/files"
)

// ErrDamaged marks a settings file that cannot be read as one.
var ErrDamaged = errors.New("damaged settings")

// maxFile is far above what Save writes (some 2 kB) and far below what hurts.
const maxFile = 1 << 20

// Path returns where the settings are kept: settings.json in the folder that
// TERN_CONFIG_DIR names, else in "tern" in the user's configuration folder.
func Path() (string, error) {
	const name = "settings.json"
	if dir := os.Getenv("TERN_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, name), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("settings: %w", err)
	}
	return filepath.Join(dir, "tern", name), nil
}

// CacheFolder returns the folder for what saves time and may be removed by anybody: the one that
// TERN_CONFIG_DIR names, else "tern" in the user's folder for such files.
func CacheFolder() (string, error) {
	if dir := os.Getenv("TERN_CONFIG_DIR"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("settings: %w", err)
	}
	return filepath.Join(dir, "tern"), nil
}

// Load reads the file at path. The settings it returns are usable whatever the
// error: a missing file gives the defaults and no error, one that cannot be
// read gives the defaults and the error. A damaged file (the error wraps
// ErrDamaged) is moved to the same name with ".damaged" after it, where the
// next Save does not overwrite it.
//
// It also removes what is left of a Save that was ended.
func Load(path string) (Settings, error) {
	files.Sweep(filepath.Dir(path), filepath.Base(path))
	data, err := files.Read(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	if err != nil {
		return Default(), fmt.Errorf("settings: %w", err)
	}
	s, err := parse(data)
	if err != nil {
		err = fmt.Errorf("settings: %s: %w: %w", filepath.Base(path), ErrDamaged, err)
		if kept := files.Aside(path); kept != nil {
			err = errors.Join(err, fmt.Errorf("settings: %w", kept))
		}
		return Default(), err
	}
	return s, nil
}

func parse(data []byte) (Settings, error) {
	if len(data) > maxFile {
		return Settings{}, fmt.Errorf("more than %d bytes", maxFile)
	}
	s := Default()
	s.Generation.Preset = "" // values without a name are called by what they are
	if err := json.Unmarshal(data, &s); err != nil {
		return Settings{}, err
	}
	if g := &s.Generation; g.Preset == "" && g.has(RecommendedBy(nil)) {
		g.Preset = Recommended
	}
	return s.paths(files.Path).normal(), nil
}

// paths returns s with f applied to every path of a file or folder.
func (s Settings) paths(f func(string) string) Settings {
	s.Folder = f(s.Folder)
	s.Models = slices.Clone(s.Models)
	for i := range s.Models {
		s.Models[i] = f(s.Models[i])
	}
	s.Recent = slices.Clone(s.Recent)
	for i := range s.Recent {
		s.Recent[i].Path = f(s.Recent[i].Path)
	}
	return s
}

// Save writes the file at path, making its folder if needed. Whenever the
// program or the machine stops, the file is either the old or the new one. An old
// one that cannot be read now, and may hold what the user set, is moved aside
// instead of replaced, as by Load.
func Save(path string, s Settings) error {
	data, err := json.MarshalIndent(s.normal().paths(files.Text), "", "  ")
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		if _, err := files.Read(path, maxFile); err != nil {
			if err := files.Aside(path); err != nil {
				return fmt.Errorf("settings: %w", err)
			}
		}
	}
	if err := files.Write(path, append(data, '\n')); err != nil {
		return fmt.Errorf("settings: save: %w", err)
	}
	return nil
}
