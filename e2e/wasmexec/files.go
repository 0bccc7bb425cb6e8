package main

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// module gives the page the files of the module that wasmexec was started in, or
// of its directory when that is in none.
type module struct {
	dir  string // where relative paths start
	top  string // absolute path of root
	root *os.Root
}

func openModule(dir string) (*module, error) {
	top := dir
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.mod")); err == nil {
			top = d
			break
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		return nil, err
	}
	return &module{dir: dir, top: top, root: root}, nil
}

// open opens a file by the path that the program gave.
func (m *module) open(path string) (*os.File, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.dir, path)
	}
	rel, err := filepath.Rel(m.top, path)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, fs.ErrPermission
	}
	return m.root.Open(rel)
}

// stat answers with what Go's syscall package wants to know of a file.
func (m *module) stat(w http.ResponseWriter, r *http.Request) {
	f, err := m.open(r.FormValue("path"))
	if err != nil {
		refuse(w, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		refuse(w, err)
		return
	}
	found := struct {
		Mode    uint32   `json:"mode"` // as in POSIX
		Size    int64    `json:"size"`
		MtimeMs int64    `json:"mtimeMs"`
		Names   []string `json:"names"` // null: not a directory
	}{uint32(info.Mode().Perm()) | 0o100000, info.Size(), info.ModTime().UnixMilli(), nil}
	if info.IsDir() {
		found.Mode = uint32(info.Mode().Perm()) | 0o040000
		if found.Names, err = f.Readdirnames(-1); err != nil {
			refuse(w, err)
			return
		}
		if found.Names == nil {
			found.Names = []string{}
		}
	}
	writeJSON(w, found)
}

// data answers with the content of a file.
func (m *module) data(w http.ResponseWriter, r *http.Request) {
	f, err := m.open(r.FormValue("path"))
	if err != nil {
		refuse(w, err)
		return
	}
	defer f.Close()
	if _, err := f.WriteTo(w); err != nil {
		panic(http.ErrAbortHandler) // too late to say so otherwise
	}
}

// refuse answers with the name of an error of POSIX.
func refuse(w http.ResponseWriter, err error) {
	w.WriteHeader(http.StatusNotFound)
	code := "EACCES"
	if errors.Is(err, fs.ErrNotExist) {
		code = "ENOENT"
	}
	_, _ = w.Write([]byte(code))
}
