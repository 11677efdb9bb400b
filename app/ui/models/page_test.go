package models

import (
	"strings"
	"testing"
	"time"
)

func TestLastUsed(t *testing.T) {
	noon := time.Date(2026, 6, 15, 12, 0, 0, 0, time.Local)
	for ago, want := range map[time.Duration]string{
		time.Minute: "used today", 24 * time.Hour: "used yesterday", 5 * 24 * time.Hour: "used 5 days ago", 40 * 24 * time.Hour: "used on ",
	} {
		if got := lastUsed(noon.Add(-ago), noon); !strings.HasPrefix(got, want) {
			t.Errorf("%v ago: %q", ago, got)
		}
	}
}
