# Every habit of the project by name. Needs GNU make, Go and, for the race detector, a C compiler; what else a target
# wants (Chrome, mosquitto) its tests find or install, or say how to. `make` alone lists the targets.

# A recipe of several commands begins with $(strict): macOS's make does not know .SHELLFLAGS.
SHELL  := bash
strict := set -euo pipefail

GO      ?= go
# Flags for the server of `make run`, such as ARGS="-http 127.0.0.1:9000 -open".
ARGS    ?=
# More hosts that the static site's page may connect to.
CONNECT_SRC ?=
# The seed that `make chaos` takes to repeat a plan; a new one each time when it is empty.
SEED    ?=
# The scenario of `make scenario`, one file or several, and the folder for its results: JUnit XML, JSON and pictures.
FILE    ?=
OUT     ?=
# How long `make fuzz` spends on each fuzz target.
FUZZTIME ?= 1m

# What goes into the page is what `go list` finds below ./wasm, so a package joins the browser's checks by being used.
IN_BROWSER      := env GOOS=js GOARCH=wasm
PAGE_PACKAGES    = $(IN_BROWSER) $(GO) list -deps -f '{{if and .Module .Module.Main}}{{.ImportPath}}{{end}}' ./wasm
NATIVE_PACKAGES  = $(GO) list ./... | grep -v -E '/e2e(/|$$)'; $(GO) list ./e2e/chaos

.DEFAULT_GOAL := help
.PHONY: help run test test-native test-browser test-firefox e2e pictures chaos interop interop-with-node wasm dist profile bench fuzz lint clean scenario bin/scenario bin/wasmexec bin/staticcheck

help: ## list the targets (the default)
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: wasm ## build the page and serve it with the emulator on http://127.0.0.1:8080 (flags: ARGS="...")
	$(GO) run . $(ARGS)

test: test-native test-browser test-firefox e2e interop-with-node ## run every test: natively, in Chrome and Firefox, the page end to end, and the official SDKs

test-native: wasm ## run the native tests with the race detector
	@test "$$($(GO) env CGO_ENABLED)" = 1 || { echo "make $@: the race detector needs a C compiler: install gcc (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
	@$(strict); pkgs=$$($(NATIVE_PACKAGES)); set -x; $(GO) test -race $$pkgs
	$(GO) test -run '^TestAnySequenceOfActions$$' ./internal/panel

# Of the rooms only the connection's tests run there by themselves: the stories of internal/panel, which also run, go through all of them.
test-browser: bin/wasmexec ## run the tests of the page's packages again as js/wasm in Chrome
	@$(strict); pkgs=$$($(PAGE_PACKAGES) | grep -v -E '/internal/panel/(cloud|diagnosis|inbox|inspector|keep|methods|palette|provisioning|scenarios|telemetry|twin)$$'); set -x; $(IN_BROWSER) $(GO) test -exec "$(CURDIR)/bin/wasmexec" $$pkgs

# wsconn is where the browsers differ; the other packages ask nothing of a browser but to run wasm.
test-firefox: bin/wasmexec ## run the tests of wsconn again as js/wasm in Firefox
	WASMEXEC_BROWSER=firefox $(IN_BROWSER) $(GO) test -exec "$(CURDIR)/bin/wasmexec" ./pkg/wsconn

e2e: wasm ## run the page in Chrome, served and as a static site, and in Firefox
	@$(strict); pkgs=$$($(GO) list ./e2e/... | grep -v -E '/e2e/(interop|chaos)$$'); set -x; $(GO) test -count=1 -timeout 18m $$pkgs

pictures: wasm ## take the pictures and the animation of README and docs/guide.md again, into docs/pictures
	HUBPANEL_PICTURES=1 $(GO) test -count=1 -run '^(TestGuide|TestLooks)$$' ./e2e

interop: wasm ## run the official SDKs for Node.js, from npm, against the emulator (needs ports 443 and 8883)
	$(GO) test -count=1 ./e2e/interop

# Node.js is the one thing that the tests go on without.
interop-with-node:
	@if command -v node >/dev/null && command -v npm >/dev/null; then $(MAKE) --no-print-directory interop; \
	else echo "make test: NOT RUN: the official SDKs against the emulator (make interop), for which there is no Node.js with npm here"; fi

# A short run of it is among the native tests, under the race detector.
chaos: ## let device and hub talk over a network that breaks every second, and print what was lost (a plan again: SEED=n)
	HUBPANEL_CHAOS=whole HUBPANEL_CHAOS_SEED=$(SEED) $(GO) test -count=1 -timeout 3m -v -run '^TestChaos$$' ./e2e/chaos

# make exits with 2 whatever the program's own status is; bin/scenario tells failures (1) from time-outs (42).
scenario: wasm bin/scenario ## run a scenario in headless Chrome: FILE=path (results into a folder: OUT=dir)
	@test -n "$(FILE)" || { echo 'make $@: name the scenario: make scenario FILE=internal/scenario/builtin/first-steps.json' >&2; exit 1; }
	bin/scenario $(if $(OUT),-junit "$(OUT)/junit.xml" -json "$(OUT)/results.json" -screenshots "$(OUT)") $(FILE)

# The go command knows when an output is up to date, and make would only know worse: hence no list of inputs here. The
# runtime's JavaScript must come from the toolchain that built the wasm; it is copied only when it differs.
# Cold code is not inlined in the page, which makes it smaller; codec, client, emulator and the services' grammar are inlined.
COLD := $(foreach p,panel/... doctor hubservice jsapi jsontext l10n/... savefile scenario simulation snippet ui,-gcflags=github.com/hubpanel/hubpanel/internal/$p=-l)

wasm: ## build web/hubpanel.wasm and copy the toolchain's wasm_exec.js beside it
	$(IN_BROWSER) $(GO) build -trimpath -ldflags "-s -w" $(COLD) -o web/hubpanel.wasm ./wasm
	@$(strict); src="$$($(GO) env GOROOT)/lib/wasm/wasm_exec.js"; \
	cmp -s "$$src" web/wasm_exec.js || { set -x; cp "$$src" web/wasm_exec.js && chmod u+w web/wasm_exec.js; }

dist: wasm ## write the static site to dist/ (more hosts: CONNECT_SRC="wss://gateway.example")
	rm -rf dist
	$(GO) run ./internal/site/dist -web web -o dist -connect-src "$(CONNECT_SRC)"
	cd tools && $(GO) run ./brotlidist ../dist

# The e2e benchmark BenchmarkFirstControl measures the time from navigation to the first usable control.
# wasm/default.pgo, which go build finds by its name: the hot calls of codec and client are inlined in the page, as V8 would do with
# JavaScript.
profile: ## make wasm/default.pgo again, after the codec or the client has changed
	@mkdir -p bin
	cd bench && $(GO) run . -profile ../bin/codec.pgo
	cd bench/client && $(GO) run . -profile ../../bin/client.pgo
	$(GO) tool pprof -proto bin/codec.pgo bin/client.pgo >wasm/default.pgo

bench: wasm ## print the wasm's size, the time to the first usable control, and the Go benchmarks
	cd tools && $(GO) run ./wasmsize ../web/hubpanel.wasm
	@test -n "$$($(GO) test -list '^BenchmarkFirstControl$$' ./e2e | grep ^Benchmark)" || { echo "make $@: e2e has lost BenchmarkFirstControl, the time to the first usable control" >&2; exit 1; }
	$(GO) test -run '^$$' -bench . -benchtime 5x ./e2e/...
	@$(strict); pkgs=$$($(NATIVE_PACKAGES)); set -x; $(GO) test -run '^$$' -bench . -benchmem $$pkgs
	cd bench && $(GO) test ./... && $(GO) run .
	cd bench/client && $(GO) run .
	cd bench/hub && $(GO) run .

fuzz: ## run every fuzz target for FUZZTIME each (default 1m)
	@$(strict); pkgs=$$($(NATIVE_PACKAGES)); n=0; \
	for pkg in $$pkgs; do \
		targets=$$($(GO) test -list '^Fuzz' $$pkg); \
		for target in $$(echo "$$targets" | grep '^Fuzz' || true); do \
			echo "fuzz $$pkg $$target"; n=$$((n+1)); \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done; \
	test $$n -gt 0 || { echo "make $@: found no fuzz target" >&2; exit 1; }

lint: bin/staticcheck ## check formatting, go vet and staticcheck (native and js/wasm), and go.mod
	@$(strict); bad=$$($$($(GO) env GOROOT)/bin/gofmt -l .); test -z "$$bad" || { echo "make $@: run gofmt -w on:" $$bad >&2; exit 1; }
	$(GO) vet ./...
	bin/staticcheck ./...
	@$(strict); pkgs=$$($(PAGE_PACKAGES)); set -x; $(IN_BROWSER) $(GO) vet $$pkgs; $(IN_BROWSER) bin/staticcheck $$pkgs
	$(GO) mod tidy -diff
	@$(strict); for module in tools bench bench/client bench/hub; do (set -x; cd $$module; $(GO) vet ./...; $(CURDIR)/bin/staticcheck ./...; $(GO) mod tidy -diff); done

clean: ## remove what the other targets built
	rm -rf bin dist web/hubpanel.wasm web/wasm_exec.js

# Programs of the checks, built for this machine also where the check itself is for js/wasm.
bin/wasmexec:
	@$(GO) build -o $@ ./e2e/wasmexec

bin/scenario:
	@$(GO) build -o $@ ./cmd/scenario

bin/staticcheck:
	@cd tools && $(GO) build -o ../$@ honnef.co/go/tools/cmd/staticcheck
