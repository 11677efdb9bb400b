package library

import (
	"os/exec"
	"syscall"
)

// selecting has the file manager select the file at path. It reads its command
// line itself: quotes belong around the path alone, which cannot hold any.
func selecting(explorer *exec.Cmd, path string) {
	explorer.SysProcAttr = &syscall.SysProcAttr{CmdLine: `explorer /select,"` + path + `"`}
}
