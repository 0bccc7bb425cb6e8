package site

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// workerFile is the static site's service worker. Its name never changes, since a browser finds new versions by asking for
// it again; it is at the site's root, since a worker answers for its own folder and what is below.
const workerFile = "sw.js"

//go:embed worker.js
var workerSource []byte

// worker is the service worker for the files of the static site. Everything that it knows of them comes from here: which
// they are, what they hold, and a version that changes with any of them and with the worker's own code.
func worker(files map[string][]byte) ([]byte, error) {
	hash := sha256.New()
	hash.Write(workerSource)
	integrities := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		integrities[name] = integrity(files[name])
		fmt.Fprintln(hash, name, integrities[name])
	}
	list, err := json.MarshalIndent(integrities, "", "  ") // its keys are sorted
	if err != nil {
		return nil, fmt.Errorf("site: the worker's list of files: %w", err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "const version = %q;\nconst files = %s;\n\n", hex.EncodeToString(hash.Sum(nil)[:6]), list)
	out.Write(workerSource)
	return out.Bytes(), nil
}

// integrity is the hash of a file as browsers compare it (Subresource Integrity, 3.1).
func integrity(data []byte) string {
	sum := sha512.Sum384(data)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}
