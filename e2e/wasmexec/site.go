package main

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// policy is the Content-Security-Policy of the project's page, without the hubs and the
// styles: what a package does under it, it can do in the page. Tests may dial any
// server on loopback.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src data:; " +
	"connect-src 'self' ws://127.0.0.1:* ws://localhost:* http://127.0.0.1:* http://localhost:*; " +
	"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

//go:embed page
var page embed.FS

// environment names the variables that a program gets, beside HUBPANEL_*.
var environment = []string{"CI", "GODEBUG", "GOGC", "GOMEMLIMIT", "GOTRACEBACK", "LANG", "TZ"}

// program is what the page needs to know of what it runs.
type program struct {
	Args []string          `json:"args"`
	Env  map[string]string `json:"env"`
	Dir  string            `json:"dir"`
}

// newSite returns the handler of the page at host that runs a program, with scripts below /wstest/.
func newSite(host, wasm string, args []string, scripts http.Handler) (http.Handler, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, errors.New("go env GOROOT: the go command that built the program must be in PATH")
	}
	glue := filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js")
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	files, err := openModule(dir)
	if err != nil {
		return nil, err
	}
	static, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	prog := program{Args: append([]string{wasm}, args...), Env: passedOn(os.Environ()), Dir: dir}
	prog.Env["HUBPANEL_WSTEST"] = "ws://" + host + "/wstest/"

	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(static))
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, glue) })
	mux.HandleFunc("GET /test.wasm", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/wasm") // whatever the file's name
		http.ServeFile(w, r, wasm)
	})
	mux.HandleFunc("GET /program", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, prog) })
	mux.Handle("GET /web/", http.FileServerFS(files.root.FS()))
	mux.HandleFunc("GET /stat", files.stat)
	mux.HandleFunc("GET /data", files.data)
	mux.Handle("GET /wstest/", scripts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only this page may read the files: a foreign one is stopped by its own origin, or, when its
		// name was made to resolve here, by this.
		if r.Host != host {
			http.Error(w, "unknown host", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, r)
	}), nil
}

// passedOn returns the variables that a program gets.
func passedOn(environ []string) map[string]string {
	env := make(map[string]string)
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		pass := strings.HasPrefix(name, "HUBPANEL_")
		for _, n := range environment {
			pass = pass || n == name
		}
		if pass {
			env[name] = value
		}
	}
	return env
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the page is gone
}
