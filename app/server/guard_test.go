package server

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// TestGuard: who may ask, by what a browser or a client sends.
func TestGuard(t *testing.T) {
	open := start(t, engine(t), Options{})
	locked := start(t, engine(t), Options{Key: "s3cret"})
	for _, x := range []struct {
		about  string
		c      *client
		host   string
		head   []string // name, value …
		status int
		code   string
	}{
		{"a client", open, "", nil, 200, ""},
		{"localhost", open, "localhost:8080", nil, 200, ""},
		{"localhost, spelt oddly", open, "LocalHost.", nil, 200, ""},
		{"IPv6", open, "[::1]:8080", nil, 200, ""},
		{"IPv6 without a port", open, "[::1]", nil, 200, ""},
		{"IPv4 in IPv6", open, "[::ffff:127.0.0.1]:1", nil, 200, ""},
		{"DNS rebinding", open, "evil.example:8080", nil, 403, "forbidden_host"},
		{"a name that begins well", open, "localhost.evil.example", nil, 403, "forbidden_host"},
		{"an address that begins well", open, "127.0.0.1.evil.example", nil, 403, "forbidden_host"},
		{"another address", open, "192.168.1.5:8080", nil, 403, "forbidden_host"},
		{"any address", open, "0.0.0.0:8080", nil, 403, "forbidden_host"},
		{"a page elsewhere", open, "", []string{"Origin", "https://evil.example"}, 403, "forbidden_origin"},
		{"a page of a file or a sandbox", open, "", []string{"Origin", "null"}, 403, "forbidden_origin"},
		{"a page that hides a name", open, "", []string{"Origin", "http://localhost@evil.example"}, 403, "forbidden_origin"},
		{"a page that is not a URL", open, "", []string{"Origin", "http://[::1"}, 403, "forbidden_origin"},
		{"an image in a page", open, "", []string{"Sec-Fetch-Site", "cross-site"}, 403, "forbidden_origin"},
		{"a page of this computer", open, "", []string{"Origin", "http://localhost:3000", "Sec-Fetch-Site", "same-site"}, 200, ""},
		{"no key", locked, "", nil, 401, "invalid_api_key"},
		{"a wrong key", locked, "", []string{"Authorization", "Bearer s3creT"}, 401, "invalid_api_key"},
		{"a longer key", locked, "", []string{"Authorization", "Bearer s3cret " + "x"}, 401, "invalid_api_key"},
		{"the key alone", locked, "", []string{"Authorization", "s3cret"}, 401, "invalid_api_key"},
		{"the key", locked, "", []string{"Authorization", "Bearer s3cret"}, 200, ""},
		{"the key from elsewhere", locked, "", []string{"Authorization", "Bearer s3cret", "Origin", "https://evil.example"}, 403, "forbidden_origin"},
	} {
		for _, request := range [][3]string{{"GET", "/v1/models", ""}, {"POST", "/v1/completions", `{` + story + `, "max_tokens": 1}`}} {
			c := *x.c
			c.host, c.head = x.host, http.Header{}
			for i := 0; i < len(x.head); i += 2 {
				c.head.Set(x.head[i], x.head[i+1])
			}
			status, answer, header := c.do(request[0], request[1], request[2])
			if status != x.status {
				t.Errorf("%s: %s %s: %d %s", x.about, request[0], request[1], status, answer)
			}
			if x.code != "" {
				if _, _, _, code := failure(t, answer); code != x.code {
					t.Errorf("%s: %s", x.about, answer)
				}
			}
			allowed := header.Get("Access-Control-Allow-Origin")
			if origin := c.head.Get("Origin"); status == 200 && allowed != origin || status == 403 && allowed != "" {
				t.Errorf("%s: allows %q", x.about, allowed)
			}
			if strings.Contains(string(answer), "s3cret") {
				t.Errorf("%s: the answer holds the key", x.about)
			}
		}
	}
}

// TestPreflight: a page of this computer may ask before it sends its key.
func TestPreflight(t *testing.T) {
	c := start(t, engine(t), Options{Key: "s3cret"})
	c.head.Set("Origin", "http://127.0.0.1:5173")
	c.head.Set("Access-Control-Request-Headers", "authorization,content-type")
	status, _, header := c.do("OPTIONS", "/v1/chat/completions", "")
	if status != http.StatusNoContent || header.Get("Access-Control-Allow-Origin") != "http://127.0.0.1:5173" ||
		header.Get("Access-Control-Allow-Headers") != "authorization,content-type" {
		t.Errorf("%d %v", status, header)
	}
	c.head.Set("Origin", "https://evil.example")
	if status, _, header := c.do("OPTIONS", "/v1/chat/completions", ""); status != http.StatusForbidden || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", status, header)
	}
}

// TestListens: on both loopback addresses, on no other, and the port is said to
// be in use where it is.
func TestListens(t *testing.T) {
	c := start(t, engine(t), Options{})
	port := c.url[strings.LastIndexByte(c.url, ':')+1:]
	listeners, err := listen(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		if !loopback(l.Addr().String()) {
			t.Errorf("listens on %s", l.Addr())
		}
		_ = l.Close()
	}
	if len(listeners) == 2 { // this machine has IPv6
		c.url = "http://[::1]:" + port
		if status, answer, _ := c.do("GET", "/v1/models", ""); status != 200 {
			t.Errorf("%d %s", status, answer)
		}
	}
	second := New(Options{})
	defer second.Close()
	if _, err := second.Start(number(t, port)); !errors.Is(err, ErrPortInUse) {
		t.Errorf("a second server on the port: %v", err)
	}
}
