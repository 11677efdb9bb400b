package settings

import (
	"slices"
	"strings"
)

// Serving reports whether and how other apps on this computer may use the model.
type Serving struct {
	On   bool   `json:"on"`
	Port int    `json:"port"`
	Key  string `json:"key"` // empty asks for none
	// Origins are further web pages and apps that may ask, separated by commas.
	Origins string `json:"origins"`
}

// The ports that need no rights of an administrator, and the usual one.
const (
	MinPort, MaxPort = 1024, 65535
	DefaultPort      = 8080
)

func (s Serving) normal() Serving {
	if s.Port < MinPort || s.Port > MaxPort {
		s.Port = DefaultPort
	}
	s.Key = CleanKey(s.Key)
	return s
}

// CleanKey drops from a key what no header of a request can hold.
func CleanKey(key string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, key)
}

// Server is one that this program connected to.
type Server struct {
	Base string `json:"base"` // URL up to /v1
	Key  string `json:"key"`  // empty for none
}

const maxServers = 20

// AddServer puts a server in front of the others.
func (s *Settings) AddServer(v Server) {
	rest := slices.DeleteFunc(slices.Clone(s.Servers), func(o Server) bool { return o.Base == v.Base })
	s.Servers = append([]Server{v}, rest[:min(len(rest), maxServers-1)]...)
}
