package update

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestNewest: one request for headers, whose answer is not followed.
func TestNewest(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		to     string
		want   string // empty: an error
	}{
		"a version":        {302, "/tern/releases/tag/v0.12.3", "0.12.3"},
		"without a v":      {301, "tag/1.4", "1.4"},
		"elsewhere":        {307, "https://mirror.example.org/releases/tag/v2.0.0?x=1#y", "2.0.0"},
		"none published":   {302, "/tern/releases", ""},
		"no version":       {302, "/tern/releases/tag/nightly", ""},
		"a long number":    {302, "/tern/releases/tag/v1.99999999999999999999", ""},
		"a page":           {200, "", ""},
		"not found":        {404, "", ""},
		"a broken address": {302, "http://[", ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				if r.Method != http.MethodHead || r.URL.Path != "/tern/releases/latest" || r.URL.RawQuery != "" {
					t.Errorf("asked for %s %s", r.Method, r.URL)
				}
				if len(r.Header) != 1 || r.UserAgent() != "Tern" {
					t.Errorf("sent %v", r.Header)
				}
				if c.to != "" {
					w.Header().Set("Location", c.to)
				}
				w.WriteHeader(c.status)
			}))
			defer server.Close()
			got, err := Newest(t.Context(), server.URL+"/tern/")
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%q, %v", got, err)
			}
			if err != nil && !errors.Is(err, ErrNoAnswer) && name != "a broken address" {
				t.Errorf("error %v", err)
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
	if _, err := Newest(t.Context(), "http://127.0.0.1:1"); err == nil || !strings.HasPrefix(err.Error(), "update: ") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestNewer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"0.2.0", "0.1.9", true}, {"0.10.0", "0.9.9", true}, {"1.0", "0.99.99", true}, {"v1.0.1", "1.0", true},
		{"0.1.0", "0.1.0", false}, {"0.1", "0.1.0", false}, {"0.1.0", "0.2.0", false},
		{"0.2.0", "(devel)", false}, {"nightly", "0.1.0", false}, {"", "", false},
	} {
		if got := Newer(c.a, c.b); got != c.want {
			t.Errorf("%q newer than %q: %t", c.a, c.b, got)
		}
	}
}
