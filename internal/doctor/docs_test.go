//go:build !js

package doctor

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every cause has its section in docs/troubleshooting.md, in the order of the stages, and no other has.
func TestTroubleshootingIsInStep(t *testing.T) {
	raw, err := os.ReadFile("../../docs/troubleshooting.md")
	require.NoError(t, err)
	sections := map[string]string{}
	var order []string
	for _, section := range strings.Split(string(raw), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		sections[name] = text
		order = append(order, name)
	}
	var want []string
	for _, c := range Causes {
		want = append(want, string(c))
		text := sections[string(c)]
		require.Contains(t, text, "> "+c.Sentence("myhub.azure-devices.net").String()+"\n", "the sentence of %s", c)
		for _, part := range []string{"- Raw browser: ", "- How the doctor knows: ", "- Mend: "} {
			require.Contains(t, text, part, "%s", c)
		}
		require.NotEmpty(t, c.next("h"), "%s says what to do", c)
	}
	require.Equal(t, want, order)
}

// A console line that the document quotes is one that the doctor understands as that cause.
func TestTroubleshootingQuotesWhatIsUnderstood(t *testing.T) {
	raw, err := os.ReadFile("../../docs/troubleshooting.md")
	require.NoError(t, err)
	quoted := regexp.MustCompile("`([^`]*(?:net::ERR_|WebSocket handshake|response code|Sec-WebSocket-Protocol' header)[^`]*)`")
	understood := 0
	for _, section := range strings.Split(string(raw), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		if name == string(Offline) || name == string(QueryRefused) { // other evidence goes before the line
			continue
		}
		raw, _, _ := strings.Cut(text, "- How the doctor knows")
		for _, m := range quoted.FindAllStringSubmatch(raw, -1) {
			cause, ok := ReadConsole(m[1])
			require.True(t, ok, m[1])
			require.Equal(t, name, string(cause), m[1])
			understood++
		}
	}
	require.Greater(t, understood, 6)
}

// The list of causes is whole.
func TestCausesAreAll(t *testing.T) {
	raw, err := os.ReadFile("cause.go")
	require.NoError(t, err)
	declared := regexp.MustCompile(`(?m)^\t(\w+) +Cause = "`).FindAllStringSubmatch(string(raw), -1)
	require.Len(t, Causes, len(declared))
}
