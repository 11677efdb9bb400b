//go:build !amd64 || purego

package repack

func switchTo(bool) bool { return false }
