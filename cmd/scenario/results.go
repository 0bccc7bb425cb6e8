package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/scenario"
)

// write writes the results to the files that the flags name. What was played before something broke is written too.
func (o *options) write(results []played) error {
	if o.json != "" {
		raw, err := json.MarshalIndent(map[string]any{"format": "hubpanel-scenario-results", "version": 1, "scenarios": append([]played{}, results...)}, "", "  ")
		if err != nil {
			return err
		}
		if err := writeFile(o.json, append(raw, '\n')); err != nil {
			return err
		}
	}
	if o.junit == "" {
		return nil
	}
	raw, err := xml.MarshalIndent(junitOf(results), "", "  ")
	if err != nil {
		return err
	}
	return writeFile(o.junit, append([]byte(xml.Header), append(raw, '\n')...))
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

// JUnit's XML, as Jenkins' xunit plugin describes it and GitHub's and Azure's readers take it: a suite for each file, a case for
// each step.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Name    string       `xml:"name,attr"`
		Tests   int          `xml:"tests,attr"`
		Failed  int          `xml:"failures,attr"`
		Time    string       `xml:"time,attr"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name    string      `xml:"name,attr"`
		File    string      `xml:"file,attr"`
		Tests   int         `xml:"tests,attr"`
		Failed  int         `xml:"failures,attr"`
		Errors  int         `xml:"errors,attr"`
		Skipped int         `xml:"skipped,attr"`
		Time    string      `xml:"time,attr"`
		Started string      `xml:"timestamp,attr"`
		Cases   []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkipped `xml:"skipped"`
	}
	junitFailure struct {
		Kind    string `xml:"type,attr"` // failed, timed-out, stopped
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr,omitempty"`
	}
)

func junitOf(results []played) junitSuites {
	all := junitSuites{Name: "hubpanel"}
	total := 0.0
	for _, r := range results {
		s := junitSuite{Name: r.Name, File: r.File, Started: r.Started.UTC().Format(time.RFC3339), Time: seconds(r.Seconds)}
		for _, step := range r.Steps {
			s.Cases = append(s.Cases, caseOf(r.Name, &step))
		}
		// What no step says is a case of its own, or a reader of JUnit would not see it.
		if r.Text != "" {
			s.Cases = append(s.Cases, junitCase{Name: "the scenario", Class: r.Name, Time: seconds(0), Failure: &junitFailure{Kind: string(r.Outcome), Message: r.Text}})
		}
		if len(r.Problems) > 0 {
			s.Cases = append(s.Cases, junitCase{Name: "the page's console", Class: r.Name, Time: seconds(0),
				Failure: &junitFailure{Kind: "console", Message: "the page complained", Text: strings.Join(r.Problems, "\n")}})
		}
		for _, c := range s.Cases {
			s.Tests++
			if c.Failure != nil {
				s.Failed++
			}
			if c.Skipped != nil {
				s.Skipped++
			}
		}
		all.Tests, all.Failed, total = all.Tests+s.Tests, all.Failed+s.Failed, total+r.Seconds
		all.Suites = append(all.Suites, s)
	}
	all.Time = seconds(total)
	return all
}

func caseOf(class string, s *scenario.StepResult) junitCase {
	c := junitCase{Name: fmt.Sprintf("%02d %s", s.Index, s.Action), Class: class, Time: seconds(s.Seconds)}
	if s.Title != "" {
		c.Name += ": " + s.Title
	}
	switch s.Outcome {
	case scenario.Passed:
	case scenario.NotRun:
		c.Skipped = &junitSkipped{s.Text}
	default:
		c.Failure = &junitFailure{Kind: string(s.Outcome), Message: s.Text}
		if len(s.Expected) > 0 {
			c.Failure.Text = fmt.Sprintf("expected %s\ngot      %s\ndiffers at %s", s.Expected, s.Got, strings.Join(s.Differs, ", "))
		}
	}
	return c
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
