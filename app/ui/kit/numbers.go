package kit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is a speed: whole numbers from ten on, one decimal below.
func Rate(perSecond float64) string {
	if perSecond < 9.95 {
		return Decimal(perSecond) + " tok/s"
	}
	return Count(int(perSecond+0.5)) + " tok/s"
}

// Decimal writes one decimal.
func Decimal(v float64) string { return Pointed(strconv.FormatFloat(v, 'f', 1, 64)) }

// Pointed is a number that Go wrote, with the decimal mark of the language.
func Pointed(s string) string { return strings.Replace(s, ".", Tr("."), 1) }

// Count writes a number with commas, or what the language has, between thousands.
func Count(n int) string {
	s := strconv.Itoa(n)
	mark := ""
	if len(s) > 3 {
		mark = Tr(",")
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}

// Elapsed writes a duration as one would say it: 12 ms, 0.4 s, 3 min.
func Elapsed(d time.Duration) string {
	switch {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 10*time.Second:
		return Decimal(d.Seconds()) + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	default:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	}
}

// Remaining writes an estimate, which has no use for parts of a second.
func Remaining(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", max(1, int(d.Seconds()+0.5)))
	}
	return Elapsed(d)
}

// Latency is the time to the first token, in milliseconds up to a second.
func Latency(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", max(1, d.Round(time.Millisecond).Milliseconds()))
	}
	return Elapsed(d)
}

// Bytes writes a size in MB below 1 GB, in GB above.
func Bytes(n int64) string {
	if n >= 999_500_000 {
		return Decimal(float64(n)/1e9) + " GB"
	}
	return fmt.Sprintf("%d MB", (n+500_000)/1_000_000)
}

// BytesPair writes "0.5 of 1.2 GB" with one unit for both.
func BytesPair(done, total int64) string {
	if total >= 999_500_000 {
		return Tr("{{.Done}} of {{.Total}} GB", "Done", Decimal(float64(done)/1e9), "Total", Decimal(float64(total)/1e9))
	}
	return Tr("{{.Done}} of {{.Total}} MB", "Done", (done+500_000)/1_000_000, "Total", (total+500_000)/1_000_000)
}

// Params writes a number of weights: 4 M, 2.4 B.
func Params(n int64) string {
	switch {
	case n >= 999_500_000:
		return Tr("{{.Number}} B", "Number", Decimal(float64(n)/1e9)) // billions, 10⁹
	case n >= 1_000_000:
		return fmt.Sprintf("%d M", (n+500_000)/1_000_000)
	default:
		return Count(int(n))
	}
}

// Percent writes a share: 31.0%, 0.4%, <0.1%.
func Percent(p float64) string {
	switch {
	case p > 0 && p < 0.0005:
		return "<0.1%"
	case p > 0.9995 && p < 1:
		return ">99.9%"
	}
	return Decimal(100*p) + "%"
}

// Size writes a number of bytes, in kB below 1 MB.
func Size(n int64) string {
	if n < 950_000 {
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return Bytes(n)
}
