package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/hubpanel/hubpanel/e2e/browser"
	"github.com/hubpanel/hubpanel/internal/scenario"
	"github.com/hubpanel/hubpanel/internal/site"
)

// played is what became of a file.
type played struct {
	File string `json:"file"`
	scenario.Result
	Problems    []string `json:"problems,omitempty"` // what the page complained of: console errors, violations of its policy
	Screenshots []string `json:"screenshots,omitempty"`
}

// playAll plays documents one after the other, each in a fresh page of one browser. When it fails it returns those that were
// played.
func playAll(ctx context.Context, o *options, documents []string, out io.Writer) (results []played, err error) {
	page, err := site.New(os.DirFS(o.web), site.Options{})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { server.Close(); <-served }()

	chrome, err := browser.Start(ctx, nil)
	if err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	defer func() { err = errors.Join(err, chrome.Close()) }()
	origin := "http://" + listener.Addr().String()
	for i, document := range documents {
		r, err := play(ctx, o, chrome, origin, o.files[i], document, out)
		if err != nil {
			return results, errors.Join(ctx.Err(), fmt.Errorf("%s: %w", o.files[i], err))
		}
		results = append(results, r)
	}
	return results, nil
}

// begin runs the document of the page, and hands over what happens by way of next: steps that ended, pictures to be taken, the
// result. The emulator is the one inside the page, and the page connects to nothing.
const begin = `(async () => {
	const until = async (there) => { while (!there()) await new Promise((resolve) => setTimeout(resolve, 20)); };
	await until(() => window.hubpanel && document.querySelector('[data-testid="hub-kind"]'));
	const queue = [];
	let wake = () => {};
	const tell = (happened) => { queue.push(happened); wake(); };
	window.scenarioRun = {
		async next() {
			while (queue.length === 0) await new Promise((resolve) => { wake = resolve; });
			return JSON.stringify(queue.shift());
		},
		taken() {},
	};
	window.hubpanel.runScenario(%s, {
		onStep: (step) => tell({ step }),
		onScreenshot: (screenshot) => new Promise((taken) => { window.scenarioRun.taken = taken; tell({ screenshot }); }),
	}).then((result) => tell({ result }), (error) => tell({ error: error.message }));
	return true;
})()`

// errDocument says that the page refuses a document that Parse let through, such as for a template in it.
var errDocument = errors.New("the page refuses it")

// happening is one thing that next hands over.
type happening struct {
	Step       *scenario.StepResult `json:"step"`
	Screenshot string               `json:"screenshot"`
	Result     *scenario.Result     `json:"result"`
	Error      string               `json:"error"`
}

func play(ctx context.Context, o *options, chrome *browser.Browser, origin, file, document string, out io.Writer) (r played, err error) {
	page, err := chrome.NewPage()
	if err != nil {
		return r, err
	}
	defer page.Close()
	query := url.Values{"hub": {"inpage"}, "lang": {o.lang}}
	if err := page.Goto(origin + "/?" + query.Encode()); err != nil {
		return r, err
	}
	r.File = file
	fmt.Fprintf(out, "%s\n", file)
	text, _ := json.Marshal(document) // a string always can be
	if _, err := evaluate[bool](page, fmt.Sprintf(begin, text)); err != nil {
		return r, err
	}
	for {
		raw, err := evaluate[string](page, `scenarioRun.next()`)
		if err != nil {
			return r, err
		}
		var h happening
		if err := json.Unmarshal([]byte(raw), &h); err != nil {
			return r, err
		}
		switch {
		case h.Error != "":
			return r, fmt.Errorf("%w: %s", errDocument, h.Error)
		case h.Step != nil:
			tellStep(out, h.Step)
		case h.Screenshot != "":
			name, err := o.shoot(page, &r, h.Screenshot)
			if err != nil {
				return r, err
			}
			fmt.Fprintf(out, "    picture: %s\n", name)
			if _, err := evaluate[bool](page, `(scenarioRun.taken(), true)`); err != nil {
				return r, err
			}
		case h.Result != nil:
			r.Result = *h.Result
			if err := page.Problems(origin); err != nil {
				r.Problems = strings.Split(strings.TrimSpace(err.Error()), "\n")
			}
			tellResult(out, &r)
			return r, nil
		}
	}
}

func evaluate[T any](page *browser.Page, expression string) (T, error) {
	return chromedp.Run(page.Context(), chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// shoot takes a picture of what the page shows. The name is one that a file may have: the document's format sees to it.
func (o *options) shoot(page *browser.Page, r *played, name string) (string, error) {
	raw, err := chromedp.Run(page.Context(), chromedp.CaptureScreenshot())
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.screenshots, r.pictureName(name))
	r.Screenshots = append(r.Screenshots, path)
	return path, writeFile(path, raw)
}

// pictureName begins with the file's name: two scenarios may call their pictures the same.
func (r *played) pictureName(name string) string {
	base := filepath.Base(r.File)
	return strings.TrimSuffix(base, filepath.Ext(base)) + "-" + name + ".png"
}

func tellStep(out io.Writer, s *scenario.StepResult) {
	title := s.Title
	if title == "" {
		title = string(s.Action)
	}
	fmt.Fprintf(out, "  %2d %-9s %6.2f s  %s\n", s.Index, s.Outcome, s.Seconds, title)
	if s.Text != "" {
		fmt.Fprintf(out, "     %s\n", s.Text)
	}
	if len(s.Expected) > 0 {
		fmt.Fprintf(out, "     expected %s\n     got      %s\n", s.Expected, s.Got)
	}
}

func tellResult(out io.Writer, r *played) {
	fmt.Fprintf(out, "  %s in %.2f s", r.Outcome, r.Seconds)
	if r.Text != "" {
		fmt.Fprintf(out, ": %s", r.Text)
	}
	fmt.Fprintln(out)
	for _, p := range r.Problems {
		fmt.Fprintf(out, "  the page says: %s\n", p)
	}
}
