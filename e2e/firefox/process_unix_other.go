//go:build unix && !linux

package firefox

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
