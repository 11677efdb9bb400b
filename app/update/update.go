// Package update asks whether there is a newer Tern. It fetches no file: where the
// newest version is published, the address of the page says which one it is.
package update

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// home is where Tern is published, a repository on GitHub or a site with the same
// addresses. .ci/package sets it, from Website in FyneApp.toml or TERN_HOME; the
// empty one of other builds asks nobody.
var home string

// Home is the address of Tern's own pages, empty where the build knows none.
func Home() string { return home }

// ErrNoAnswer marks a site that does not say what is the newest version.
var ErrNoAnswer = errors.New("no version in the answer")

// patience is how long the site may take.
const patience = 15 * time.Second

// Page is where people find the newest version of what is published at home.
func Page(home string) string { return strings.TrimSuffix(home, "/") + "/releases/latest" }

// Newest asks which version is the newest at home, such as "0.2.0". It sends
// nothing but the request for the headers of Page, which lead to the page of that
// version, and does not follow them.
func Newest(ctx context.Context, home string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, Page(home), nil)
	if err != nil {
		return "", fmt.Errorf("update: %w", err)
	}
	request.Header.Set("User-Agent", "Tern")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("update: %w", err)
	}
	_ = answer.Body.Close() // a HEAD has none
	to, err := answer.Location()
	if err != nil {
		return "", fmt.Errorf("update: %s: %s: %w", request.URL.Host, answer.Status, ErrNoAnswer)
	}
	return version(to)
}

var number = regexp.MustCompile(`^v?([0-9]{1,6}(?:\.[0-9]{1,6}){1,3})$`)

// version is what the address of a version's page ends in.
func version(page *url.URL) (string, error) {
	found := number.FindStringSubmatch(path.Base(page.Path))
	if found == nil {
		return "", fmt.Errorf("update: %s: %w", page.Host, ErrNoAnswer)
	}
	return found[1], nil
}

// Newer reports whether version a is newer than b. What is not a version, as that of a
// program somebody built, is as new as any.
func Newer(a, b string) bool {
	x, y := number.FindStringSubmatch(a), number.FindStringSubmatch(b)
	if x == nil || y == nil {
		return false
	}
	p, q := strings.Split(x[1], "."), strings.Split(y[1], ".")
	for i := range max(len(p), len(q)) {
		if m, n := part(p, i), part(q, i); m != n {
			return m > n
		}
	}
	return false
}

// part is the i-th number of a version, 0 where there is none.
func part(numbers []string, i int) int {
	if i >= len(numbers) {
		return 0
	}
	n, _ := strconv.Atoi(numbers[i]) // digits, and few
	return n
}
