package site

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	// A tag that loads something, and the part of it that says what.
	loadingTag = regexp.MustCompile(`<(?:script|link) [^>]*>`)
	loaded     = regexp.MustCompile(` (?:src|href)="([^"]+)"`)

	// integrityOf is a string literal in a script that stands for a file's hash: "integrity:hubpanel.wasm".
	integrityOf = regexp.MustCompile(`"integrity:([\w./-]+)"`)

	// checkedLinks are the kinds of link whose integrity browsers check. A preload of something to fetch is not among them:
	// who fetches it has to check it.
	checkedLinks = []string{"stylesheet", "modulepreload"}
)

// withIntegrity puts the hashes of the scripts and styles that a page loads into its tags, so that a browser runs no other.
func (n *namer) withIntegrity(page []byte) []byte {
	return loadingTag.ReplaceAllFunc(page, func(tag []byte) []byte {
		what := loaded.FindSubmatch(tag)
		if what == nil {
			return tag
		}
		data, ours := n.out[string(what[1])]
		_, rel, _ := strings.Cut(string(tag), ` rel="`)
		rel, _, _ = strings.Cut(rel, `"`)
		if !ours || rel != "" && !slices.Contains(checkedLinks, rel) {
			return tag
		}
		// In embed.html's sandbox its own files are cross-origin, and then only CORS lets a browser check them.
		return fmt.Appendf(tag[:len(tag)-1:len(tag)-1], " integrity=\"%s\" crossorigin>", integrity(data))
	})
}

// importMap is an import map with the hashes of the site's modules, since an import has no place for one of its own.
func (n *namer) importMap() (string, error) {
	hashes := map[string]string{}
	for name, data := range n.out {
		if path.Ext(name) == ".js" && hashedName.MatchString(name) {
			hashes["./"+name] = integrity(data)
		}
	}
	text, err := json.Marshal(map[string]any{"integrity": hashes})
	if err != nil {
		return "", fmt.Errorf("site: the import map: %w", err)
	}
	return string(text), nil
}

// fillIntegrity replaces a script's literals that stand for the hash of a file. Where nothing is built they stay as they are.
func (n *namer) fillIntegrity(in string, data []byte) ([]byte, error) {
	var failed error
	return integrityOf.ReplaceAllFunc(data, func(literal []byte) []byte {
		name := path.Join(path.Dir(in), string(integrityOf.FindSubmatch(literal)[1]))
		if n.site.files[name] == nil {
			failed = fmt.Errorf("site: %s wants the hash of %s, which is not there", in, name)
			return literal
		}
		if err := n.add(name); err != nil {
			failed = err
			return literal
		}
		return fmt.Appendf(nil, "%q", integrity(n.out[n.names[name]]))
	}), failed
}
