//go:build !unix

package firefox

import (
	"errors"
	"os"
	"os/exec"
)

func setGroup(*exec.Cmd) {}

func killGroup(p *os.Process) error { return p.Kill() }

// lockDir never succeeds: then nothing that another process may use is removed.
func lockDir(string) (*os.File, error) { return nil, errors.ErrUnsupported }
