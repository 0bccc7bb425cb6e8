package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

const (
	indexPage = "index.html"
	embedPage = "embed.html"
	wasmFile  = "hubpanel.wasm"

	// placeholder is the comment in the pages' heads where New and WriteDist put what they add.
	placeholder = "<!-- csp -->"
)

// ErrNotBuilt says that a file which the build makes is missing from the page's folder.
var ErrNotBuilt = errors.New("the page has not been built: run make wasm")

// Options are what whoever serves the page may choose.
type Options struct {
	// ConnectSrc are more hosts that index.html may connect to, as ParseConnectSrc returns them.
	ConnectSrc []string
}

// Site is the page's files and how they are sent. It is an http.Handler for exactly these files.
type Site struct {
	options Options
	files   map[string]*file // by path below the root, such as "index.html"
}

// file is one file as the handler sends it.
type file struct {
	name      string
	mediaType string
	source    []byte // as it is in the folder
	data      []byte // as it is served: with the page's placeholder filled in
	etag      string // of data, without quotes
	gzip      func() []byte
}

// New reads the page's folder. The files that the build makes must be there, or the error is an ErrNotBuilt; files whose
// name begins with a dot or an underscore, and Go source, are not part of the page.
func New(folder fs.FS, o Options) (*Site, error) {
	for _, source := range o.ConnectSrc {
		if err := checkSource(source); err != nil {
			return nil, err
		}
	}
	s := &Site{options: o, files: map[string]*file{}}
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_"):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || path.Ext(name) == ".go":
			return nil
		}
		source, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		s.files[name] = &file{name: name, mediaType: mediaType(name), source: source}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("site: reading the page's files: %w", err)
	}
	if s.files[indexPage] == nil {
		return nil, fmt.Errorf("site: the page's folder has no %s", indexPage)
	}
	for _, built := range []string{wasmFile, "wasm_exec.js"} {
		if s.files[built] == nil {
			return nil, fmt.Errorf("site: %s is missing: %w", built, ErrNotBuilt)
		}
	}
	for _, f := range s.files {
		if f.data, err = s.filled(f, ServedHub, nil); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(f.data)
		f.etag = hex.EncodeToString(sum[:12])
		f.gzip = compressOnce(f.data, sum, compression)
	}
	return s, nil
}

// Has reports whether the request path names one of the page's files; the root names index.html.
func (s *Site) Has(urlPath string) bool { return s.file(urlPath) != nil }

func (s *Site) file(urlPath string) *file {
	name := strings.TrimPrefix(urlPath, "/")
	if name == "" {
		name = indexPage
	}
	return s.files[name]
}

// The values of the page's hubpanel-hub element: where its emulator is.
const (
	ServedHub = "served" // on the page's own origin
	InPageHub = "inpage" // in the page's wasm only
)

// staticHead is what the pages of the static site say of themselves, where the served ones have headers or nothing.
type staticHead struct {
	policy    string
	importMap string // JSON
}

// filled returns the file with its placeholder, if it is a page, replaced by what the page has to know.
func (s *Site) filled(f *file, hub string, static *staticHead) ([]byte, error) {
	if path.Ext(f.name) != ".html" {
		return f.source, nil
	}
	if n := bytes.Count(f.source, []byte(placeholder)); n != 1 {
		return nil, fmt.Errorf("site: %s must hold the line %s once, in its head before anything that loads; it holds it %d times", f.name, placeholder, n)
	}
	var head strings.Builder
	if static != nil {
		fmt.Fprintf(&head, "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", static.policy)
		fmt.Fprintf(&head, "<meta name=\"referrer\" content=\"%s\">\n", referrerPolicy)
		fmt.Fprintf(&head, "<script type=\"importmap\">%s</script>\n", static.importMap)
		if f.name == indexPage {
			fmt.Fprintf(&head, "<meta name=\"hubpanel-offline\" content=\"%s\">\n", workerFile)
		}
	}
	fmt.Fprintf(&head, "<meta name=\"hubpanel-wasm-size\" content=\"%d\">\n", len(s.files[wasmFile].source))
	fmt.Fprintf(&head, "<meta name=\"hubpanel-hub\" content=\"%s\">", hub)
	return bytes.Replace(f.source, []byte(placeholder), []byte(head.String()), 1), nil
}

// policy is what a page of the static site may do. Its import map is the one script that is in the page itself, and
// goes by its hash; index.html alone may register the worker, by a policy of that name for its script's address.
func (s *Site) policy(name, importMap string) string {
	p := pagePolicy{connect: s.connect(name, false), scriptHash: integrity([]byte(importMap))}
	if name == indexPage {
		p.worker, p.trustedTypes = "'self'", workerPolicy
	}
	return p.String()
}

// connect is connect-src of the page.
func (s *Site) connect(name string, loopback bool) []string {
	if name == embedPage {
		return embedConnect
	}
	return indexConnect(s.options.ConnectSrc, loopback)
}
