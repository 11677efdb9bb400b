package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"tern/app/files"
)

// PartialSuffix ends the name of a file whose bytes are not all there, or not
// verified.
const PartialSuffix = ".partial"

const copyBytes = 256 << 10

// fetch gets one file of a download.
type fetch struct {
	*download
	file File
	etag string // of the bytes in the partial file, "" for not known
	high int64  // how far the partial file ever came
}

// run brings the file under its own name, or leaves what there is of it.
func (f *fetch) run(ctx context.Context) error {
	if done, err := f.present(ctx); done || err != nil {
		return err
	}
	return f.c.again(ctx, f.meter.waiting, func() (news bool, err error) {
		before := f.high
		if err = f.receive(ctx); err == nil {
			err = f.accept(ctx)
		}
		return f.high > before, err
	})
}

// present reports whether the file is there already, whole and verified. One that
// an earlier download of the repository left, of another commit, is replaced in
// the end; one of the user's is not.
func (f *fetch) present(ctx context.Context) (bool, error) {
	info, err := f.root.Lstat(f.file.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("hub: %w", err)
	}
	if info.Mode().IsRegular() && info.Size() == f.file.Size {
		switch err := f.verify(ctx, f.file.Path); {
		case err == nil:
			f.meter.found(f.file.Size)
			return true, nil
		case !errors.Is(err, ErrChecksum):
			return false, err
		}
	}
	if !f.ours[f.file.Path] || !info.Mode().IsRegular() {
		return false, fmt.Errorf("hub: %s: %w", f.file.Path, ErrExists)
	}
	return false, nil
}

// receive asks for the bytes that the partial file lacks, once.
func (f *fetch) receive(parent context.Context) (err error) {
	out, err := f.root.OpenFile(f.file.Path+PartialSuffix, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	defer func() {
		if closed := out.Close(); err == nil && closed != nil {
			err = fmt.Errorf("hub: %w", closed)
		}
	}()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	if have > f.file.Size { // of another file
		if have, err = 0, restart(out); err != nil {
			return err
		}
	}
	f.high = max(f.high, have)
	f.meter.at(have)
	if have == f.file.Size {
		return nil
	}
	ctx, alive, stop := watch(parent)
	defer stop()
	header := http.Header{}
	if have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if f.etag != "" {
			header.Set("If-Range", f.etag)
		}
	}
	resp, err := f.c.get(ctx, f.c.resolve(f.repo.ID, f.repo.Commit, f.file.Path), header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		// The site sends all of it, unless it is another page altogether, as
		// networks send that want their guests to sign in: then what is here
		// stays.
		if n := resp.ContentLength; n >= 0 && n != f.file.Size {
			return fmt.Errorf("hub: %s has %d bytes, the list says %d: %w", f.file.Path, n, f.file.Size, ErrSize)
		}
		if have, err = 0, restart(out); err != nil {
			return err
		}
	case http.StatusPartialContent:
		if from, ok := rangeStart(resp.Header.Get("Content-Range")); !ok || from != have {
			return errors.Join(restart(out), fmt.Errorf("hub: %s: bytes from %d instead of %d: %w", f.file.Path, from, have, ErrNetwork))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return f.refuse(fmt.Errorf("hub: %s ends before byte %d of %d: %w", f.file.Path, have, f.file.Size, ErrSize))
	default:
		return statusError(resp, f.file.Path)
	}
	if e := resp.Header.Get("ETag"); strings.HasPrefix(e, `"`) { // not a weak one
		f.etag = e
	}
	f.meter.at(have)
	return f.copy(ctx, out, livelyReader{resp.Body, alive}, have)
}

// copy appends what comes to the partial file, which holds have bytes.
func (f *fetch) copy(ctx context.Context, out *os.File, in io.Reader, have int64) error {
	w := io.Writer(out)
	if f.c.spoil != nil {
		w = f.c.spoil(out)
	}
	start, buf := f.high, make([]byte, copyBytes)
	for {
		n, err := in.Read(buf)
		if have+int64(n) > f.file.Size {
			return f.refuse(fmt.Errorf("hub: %s goes on after %d bytes: %w", f.file.Path, f.file.Size, ErrSize))
		}
		if n > 0 {
			written, err := w.Write(buf[:n])
			have += int64(written)
			f.high = max(f.high, have)
			f.meter.add(int64(written))
			if err != nil {
				return fmt.Errorf("hub: %w", err)
			}
		}
		switch {
		case err == io.EOF && have == f.file.Size:
			if err := out.Sync(); err != nil {
				return fmt.Errorf("hub: %w", err)
			}
			return nil
		case err == io.EOF && f.high <= start && have > 0:
			// It ended here before, and the site thinks that is all.
			return fmt.Errorf("hub: %s ends after %d of %d bytes: %w", f.file.Path, have, f.file.Size, ErrSize)
		case err == io.EOF:
			return fmt.Errorf("hub: %s was cut off: %w", f.file.Path, ErrNetwork)
		case err != nil:
			return networkError(ctx, err)
		}
	}
}

// accept verifies the partial file and gives it its name.
func (f *fetch) accept(ctx context.Context) error {
	partial := f.file.Path + PartialSuffix
	if err := f.verify(ctx, partial); errors.Is(err, ErrChecksum) {
		return f.refuse(err)
	} else if err != nil {
		return err
	}
	if err := files.Patient(func() error { return f.root.Rename(partial, f.file.Path) }); err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	syncFolder(f.root)
	return nil
}

// refuse removes the partial file, whose bytes are not those that were listed.
func (f *fetch) refuse(err error) error {
	f.etag, f.high = "", 0
	f.meter.at(0)
	if removed := f.root.Remove(f.file.Path + PartialSuffix); removed != nil && !errors.Is(removed, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("hub: %w", removed))
	}
	return err
}

// verify compares the bytes on the disk with the checksum that the site listed.
func (f *fetch) verify(ctx context.Context, name string) error {
	in, err := f.root.Open(name)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	defer in.Close()
	var h hash.Hash
	want := f.file.SHA256
	if want != "" {
		h = sha256.New()
	} else {
		want, h = f.file.Blob, sha1.New()
		fmt.Fprintf(h, "blob %d\x00", f.file.Size)
	}
	f.meter.checking()
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := in.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("hub: %w", err)
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("hub: %s has the checksum %s, the site lists %s: %w", f.file.Path, got, want, ErrChecksum)
	}
	return nil
}

// restart empties a partial file.
func restart(out *os.File) error {
	err := out.Truncate(0)
	if err == nil {
		_, err = out.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	return nil
}

// rangeStart reads where "bytes FROM-TO/SIZE" begins.
func rangeStart(value string) (int64, bool) {
	rest, ok := strings.CutPrefix(value, "bytes ")
	if !ok {
		return 0, false
	}
	from, _, ok := strings.Cut(rest, "-")
	n, err := strconv.ParseInt(from, 10, 64)
	return n, ok && err == nil
}

// syncFolder makes new names durable where the system allows it.
func syncFolder(root *os.Root) {
	if d, err := root.Open("."); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
