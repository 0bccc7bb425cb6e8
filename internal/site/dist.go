package site

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteDist writes the static site into dir, which must not exist or be empty: the same files, for any web host, at its
// root or below it. The policy stands in the pages, and they know that there is no hub but the one inside them.
func (s *Site) WriteDist(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("site: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("site: %s is not empty, and what stands there would be mixed with the site: remove it first", dir)
	}
	for name, f := range s.files {
		data, err := s.filled(f, InPageHub, contentSecurityPolicy(s.connect(name, false)))
		if err != nil {
			return err
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("site: %w", err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return fmt.Errorf("site: %w", err)
		}
	}
	return nil
}
