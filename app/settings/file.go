package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"
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

// Load reads the file at path. The settings it returns are usable whatever the
// error: a missing file gives the defaults and no error, one that cannot be
// read gives the defaults and the error. A damaged file (the error wraps
// ErrDamaged) is moved to the same name with ".damaged" behind it, where the
// next Save does not overwrite it.
func Load(path string) (Settings, error) {
	data, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	if err != nil {
		return Default(), fmt.Errorf("settings: %w", err)
	}
	s, err := parse(data)
	if err != nil {
		err = fmt.Errorf("settings: %s: %w: %w", filepath.Base(path), ErrDamaged, err)
		if kept := atomic.ReplaceFile(path, path+".damaged"); kept != nil {
			err = errors.Join(err, fmt.Errorf("settings: %w", kept))
		}
		return Default(), err
	}
	return s, nil
}

// read returns the file's bytes, at most one more than maxFile.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

func parse(data []byte) (Settings, error) {
	if len(data) > maxFile {
		return Settings{}, fmt.Errorf("more than %d bytes", maxFile)
	}
	s := Default()
	if err := json.Unmarshal(data, &s); err != nil {
		return Settings{}, err
	}
	return s.normal(), nil
}

// Save writes the file at path, making its folder if needed. Whenever the
// program or the machine stops, the file is either the old or the new one.
func Save(path string, s Settings) error {
	data, err := json.MarshalIndent(s.normal(), "", "  ")
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := replace(path, append(data, '\n')); err != nil {
		return fmt.Errorf("settings: save: %w", err)
	}
	return nil
}

// replace is atomic.WriteFile with errors that can be told apart: it formats
// them as text, and a full disk deserves its own sentence.
func replace(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to report
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync() // or the rename may reach the disk before the bytes do
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := atomic.ReplaceFile(f.Name(), path); err != nil {
		return err
	}
	syncFolder(dir)
	return nil
}

// syncFolder makes the rename itself durable where the system allows it. A
// refusal (Windows, some network drives) only means that a power cut may bring
// the old file back.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
