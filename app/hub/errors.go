package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// What can go wrong, for callers that say it. Those that another try may mend
// are tried again first.
var (
	ErrAddress  = errors.New("not the address of a site")
	ErrInsecure = errors.New("only HTTPS is used")
	ErrID       = errors.New("not a repository id")
	ErrToken    = errors.New("not an access token")
	ErrAnswer   = errors.New("the site gave an answer that makes no sense")
	ErrNetwork  = errors.New("no connection")
	ErrBusy     = errors.New("the site is busy")          // 429 and 5xx
	ErrNoToken  = errors.New("an access token is needed") // 401
	ErrGated    = errors.New("permission is needed")      // 403
	ErrNotFound = errors.New("no such repository or file")
	ErrNoModel  = errors.New("no model that Tern can run")
	ErrNoSum    = errors.New("the site lists no checksum")
	ErrName     = errors.New("a file name that leaves the folder")
	ErrSize     = errors.New("another size than the site listed")
	ErrChecksum = errors.New("checksum does not match")
	ErrExists   = errors.New("another file of that name is there")
	ErrTaken    = errors.New("another program downloads into the folder")
	ErrNoSpace  = errors.New("not enough disk space")

	errStalled = fmt.Errorf("it stalled: %w", ErrNetwork)
)

// SpaceError is ErrNoSpace with what is needed and what is free, in bytes.
type SpaceError struct{ Need, Free int64 }

func (e *SpaceError) Error() string {
	return fmt.Sprintf("hub: %d bytes are needed, %d are free: %v", e.Need, e.Free, ErrNoSpace)
}

// Unwrap makes it ErrNoSpace.
func (e *SpaceError) Unwrap() error { return ErrNoSpace }

// waitError is an error with the time that the site asked to wait.
type waitError struct {
	error
	wait time.Duration
}

func (e *waitError) Unwrap() error { return e.error }

// Wait is how long the site asked to wait with err, 0 where it did not say.
func Wait(err error) time.Duration {
	var asked *waitError
	if errors.As(err, &asked) {
		return asked.wait
	}
	return 0
}

const (
	maxWait    = time.Hour // that a site may ask for
	maxBackoff = time.Minute
)

// statusError says what an answer other than the expected means.
func statusError(resp *http.Response, what string) error {
	err := fmt.Errorf("hub: %s: status %d: %w", what, resp.StatusCode, ErrAnswer)
	code := resp.Header.Get("X-Error-Code")
	switch s := resp.StatusCode; {
	case code == "GatedRepo", s == http.StatusForbidden:
		return fmt.Errorf("hub: %s: %w", what, ErrGated)
	case s == http.StatusUnauthorized && code == "RepoNotFound", s == http.StatusNotFound, s == http.StatusGone:
		// Without a token, the hub answers 404 for private repositories too.
		return fmt.Errorf("hub: %s: %w", what, ErrNotFound)
	case s == http.StatusUnauthorized:
		return fmt.Errorf("hub: %s: %w", what, ErrNoToken)
	case s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, s >= 500:
		err = fmt.Errorf("hub: %s: status %d: %w", what, s, ErrBusy)
	}
	if wait := retryAfter(resp.Header.Get("Retry-After")); wait > 0 {
		return &waitError{err, wait}
	}
	return err
}

// retryAfter reads seconds or a date, at most maxWait; 0 for nothing.
func retryAfter(value string) time.Duration {
	if n, err := strconv.Atoi(value); err == nil {
		return min(max(0, time.Duration(min(n, 1<<20))*time.Second), maxWait)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(0, time.Until(at)), maxWait)
	}
	return 0
}

// transient reports whether another try may bring what this one did not.
func transient(err error) bool {
	return errors.Is(err, ErrNetwork) || errors.Is(err, ErrBusy)
}

// again runs try until it succeeds, fails for good, or has brought nothing new
// for too long: try reports whether it brought anything. Before each wait, waiting
// is told what went wrong and how long it will be.
func (c *Client) again(ctx context.Context, waiting func(error, time.Duration), try func() (news bool, err error)) error {
	for failed := 0; ; {
		news, err := try()
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if news {
			failed = 0
		}
		failed++
		if !transient(err) || c.o.Tries > 0 && failed >= c.o.Tries {
			return err
		}
		wait := min(time.Second<<min(failed-1, 10), maxBackoff)
		if asked := Wait(err); asked > 0 {
			wait = asked
		}
		waiting(err, wait)
		if err := Pause(ctx, wait); err != nil {
			return err
		}
	}
}

// Pause lets time pass, until ctx ends: then it returns the error of ctx.
func Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() // of both at once, that nobody waits any more counts
}
