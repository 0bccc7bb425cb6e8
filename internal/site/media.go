package site

import "path"

// mediaTypes are the types of what the page consists of. A table of our own, because the one of package mime depends on
// the machine it runs on, and a wrong type stops the page: browsers compile application/wasm only while it streams, and
// nosniff takes scripts and styles by their type alone.
var mediaTypes = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".md":          "text/markdown; charset=utf-8",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".ts":          "text/plain; charset=utf-8", // hubpanel.d.ts, to be read
	".txt":         "text/plain; charset=utf-8",
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".webp":        "image/webp",
}

func mediaType(name string) string {
	if t, ok := mediaTypes[path.Ext(name)]; ok {
		return t
	}
	return "application/octet-stream"
}

// compressible reports whether gzip makes a file of the type smaller.
func compressible(mediaType string) bool {
	switch mediaType {
	case "image/png", "image/webp", "application/octet-stream":
		return false
	}
	return true
}
