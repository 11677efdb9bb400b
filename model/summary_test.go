package model

import (
	"testing"
)

func TestShort(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1.00K", 12_345: "12.3K", 999_999: "999K", 4_333_824: "4.33M",
		728_843_264: "728M", 2_412_820_480: "2.41B", 8_030_261_248: "8.03B", 70_000_000_000: "70.0B", 1_500_000_000_000: "1500B",
	} {
		if got := short(n, "", "K", "M", "B"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
