//go:build !windows

package library

import "os/exec"

// selecting is for Windows.
func selecting(*exec.Cmd, string) {}
