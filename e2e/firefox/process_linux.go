package firefox

import "syscall"

// dieWithParent asks the kernel to kill the process when this one is gone, however it ended. Its children notice.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
