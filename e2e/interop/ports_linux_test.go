package interop

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// inside marks the process that runs in a network namespace.
const inside = "HUBPANEL_INTEROP_INSIDE"

// retryInside runs the test again where every port is free and may be used by everybody: in a process with a user and network
// namespace of its own (user_namespaces(7)). It reports whether this machine lets it; some containers do not.
func retryInside(t *testing.T) bool {
	if os.Getenv(inside) != "" {
		return false
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSDKs$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=yes")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if err := cmd.Start(); err != nil {
		t.Logf("a network namespace: %v", err)
		return false
	}
	require.NoError(t, cmd.Wait(), "in a network namespace")
	return true
}

// raiseLoopback makes 127.0.0.1 usable in a new network namespace, where the interface is down (netdevice(7)).
func raiseLoopback(t *testing.T) {
	if os.Getenv(inside) == "" {
		return
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer syscall.Close(fd)
	request := struct {
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(request.name[:], "lo")
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	require.Zero(t, errno, "raising the loopback interface: %v", errno)
}
