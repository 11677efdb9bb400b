//go:build !cgo

// Package filedialog is empty without cgo: there is no window then.
package filedialog
