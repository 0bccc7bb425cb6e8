package site

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteDist writes the static site into dir, which must not exist or be empty: the same files, for any web host, at its
// root or below it. The policy is in the pages, and they know that there is no hub but the one inside them. All but
// the entrances have names with a hash of their content; compressed copies stand beside what is worth compressing, and a
// file _headers says, to the hosts that read it, how to send what.
func (s *Site) WriteDist(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("site: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("site: %s is not empty, and what stands there would be mixed with the site: remove it first", dir)
	}
	files, err := s.static()
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := write(dir, name, data); err != nil {
			return err
		}
		if compressible(mediaType(name)) {
			if err := write(dir, name+".gz", compressOnce(data, sha256.Sum256(data), bestCompression)()); err != nil {
				return err
			}
		}
	}
	return write(dir, "_headers", hostHeaders(files))
}

func write(dir, name string, data []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}
