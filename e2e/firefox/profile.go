package firefox

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

//go:embed user.js
var userJS []byte

const profilePrefix = "hubpanel-firefox-"

// A profile is the directory of one running Firefox. It is locked for as long as this process lives.
type profile struct {
	dir  string
	lock *os.File // nil where there are no locks
}

// newProfile makes a profile with the preferences of user.js and prefs.
func newProfile(prefs []byte) (*profile, error) {
	sweep()
	dir, err := os.MkdirTemp("", profilePrefix)
	if err != nil {
		return nil, err
	}
	p := &profile{dir: dir}
	if p.lock, err = lockDir(dir); errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "user.js"), append(userJS[:len(userJS):len(userJS)], prefs...), 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, p.remove())
	}
	return p, nil
}

// remove removes the profile of a Firefox that is gone.
func (p *profile) remove() error {
	err := os.RemoveAll(p.dir)
	if p.lock != nil {
		p.lock.Close()
	}
	if err != nil {
		return fmt.Errorf("remove the profile: %w", err)
	}
	return nil
}

// sweepAge is how old a profile without a lock must be to be left over. A younger one may be about to be locked.
const sweepAge = time.Minute

// sweep removes the profiles of processes that were killed.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), profilePrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < sweepAge {
			continue
		}
		if lock, err := lockDir(dir); err == nil {
			_ = os.RemoveAll(dir) // it may be another user's
			lock.Close()
		}
	}
}
