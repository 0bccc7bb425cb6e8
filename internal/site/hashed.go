package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// entrances are the files that others know by name: people, docs sites, programs. A module among them keeps its name as one
// line that imports the hashed one, so that whoever imports either gets the same instance.
var entrances = []string{indexPage, embedPage, "embed.js", "hubpanel.js", "hubpanel.d.ts", "poster.png"}

// A reference is a whole string literal or attribute of a page, script or style: "name" or "./name". What is no file of the
// site's own stays as it is.
var reference = regexp.MustCompile(`"(\./)?([\w./-]+)"`)

// hashedName matches the names that static gives.
var hashedName = regexp.MustCompile(`\.[0-9a-f]{12}\.[a-z0-9]+$`)

// namer gives names with a hash, each file after those that it refers to.
type namer struct {
	site  *Site
	names map[string]string // the hashed name by the file's own
	out   map[string][]byte // by name in the static site
	path  []string          // the files that are being named, to tell of a circle
}

// static returns the files of the static site by name.
func (s *Site) static() (map[string][]byte, error) {
	n := &namer{site: s, names: map[string]string{}, out: map[string][]byte{}}
	names := slices.Sorted(maps.Keys(s.files))
	// The pages come last, since they name the hashes of everything, and the worker after them.
	for _, pages := range []bool{false, true} {
		for _, name := range names {
			if (path.Ext(name) == ".html") == pages {
				if err := n.add(name); err != nil {
					return nil, err
				}
			}
		}
	}
	var err error
	n.out[workerFile], err = worker(n.out)
	return n.out, err
}

func (n *namer) add(name string) error {
	if n.names[name] != "" {
		return nil
	}
	if slices.Contains(n.path, name) {
		return fmt.Errorf("site: %s: files that refer to each other in a circle cannot have a hash of their content in their names", strings.Join(append(n.path, name), " > "))
	}
	n.path = append(n.path, name)
	defer func() { n.path = n.path[:len(n.path)-1] }()

	f := n.site.files[name]
	data, isModule := f.source, false
	var err error
	switch path.Ext(name) {
	case ".html":
		data, err = n.page(f)
	case ".js":
		isModule = true
		if data, err = n.rewrite(name, data); err == nil {
			data, err = n.fillIntegrity(name, data)
		}
	case ".webmanifest":
		data, err = n.rewrite(name, data)
	}
	if err != nil {
		return err
	}
	known := slices.Contains(entrances, name)
	if known && !isModule {
		n.names[name] = name
		n.out[name] = data
		return nil
	}
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	n.names[name] = hashed
	n.out[hashed] = data
	if known {
		n.out[name] = fmt.Appendf(nil, "export * from \"./%s\";\n", path.Base(hashed))
	}
	return nil
}

// page is one of the two pages as it is in the static site.
func (n *namer) page(f *file) ([]byte, error) {
	modules, err := n.importMap()
	if err != nil {
		return nil, err
	}
	data, err := n.site.filled(f, InPageHub, &staticHead{policy: n.site.policy(f.name, modules), importMap: modules})
	if err != nil {
		return nil, err
	}
	if data, err = n.rewrite(f.name, data); err != nil {
		return nil, err
	}
	return n.withIntegrity(data), nil
}

// rewrite replaces the names of the site's own files by those that they get.
func (n *namer) rewrite(in string, data []byte) ([]byte, error) {
	var out bytes.Buffer
	last := 0
	for _, at := range reference.FindAllSubmatchIndex(data, -1) {
		to := path.Join(path.Dir(in), string(data[at[4]:at[5]]))
		if n.site.files[to] == nil || to == in || to == indexPage || to == embedPage { // the pages keep their names
			continue
		}
		if err := n.add(to); err != nil {
			return nil, err
		}
		out.Write(data[last:at[4]])
		out.WriteString(strings.TrimPrefix(n.names[to], strings.TrimPrefix(path.Dir(in)+"/", "./")))
		last = at[5]
	}
	out.Write(data[last:])
	return out.Bytes(), nil
}

// hostHeaders is the file _headers, which Netlify and Cloudflare Pages read; docs/hosting.md says the same for other hosts. Its
// paths begin at the host's root, so a site below it needs its own path before them.
func hostHeaders(files map[string][]byte) []byte {
	var out strings.Builder
	rule := func(path string, headers ...string) {
		fmt.Fprintf(&out, "%s\n", path)
		for _, h := range headers {
			fmt.Fprintf(&out, "  %s\n", h)
		}
	}
	// Within embed.html's sandbox the site's own files are cross-origin.
	rule("/*", "X-Content-Type-Options: nosniff", "Referrer-Policy: "+referrerPolicy, "Access-Control-Allow-Origin: *")
	for _, page := range []string{"/", "/" + indexPage} {
		rule(page, "Content-Security-Policy: frame-ancestors 'none'", "Permissions-Policy: "+permissionsPolicy, "Cross-Origin-Opener-Policy: same-origin")
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if hashedName.MatchString(name) {
			rule("/"+name, "Cache-Control: public, max-age=31536000, immutable")
		}
	}
	return []byte(out.String())
}
