//go:build !js

package panel

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// programs are all targets' texts for a device with a message full of quotes, and with its key in it.
func programs(t *testing.T, moduleID string) (texts map[string]string, body string) {
	texts = map[string]string{}
	const secret = "c2hvcnQgc2VjcmV0"
	body = "{\"it's\": \"a \\\"quote\\\" $HOME `id` \\\\ \u2028 ż\"}"
	synctest.Test(t, func(t *testing.T) {
		pg := openPage(t, "")
		pg.typeIn("connection-string", "HostName=myhub.azure-devices.net;DeviceId=dev-1"+moduleID+";SharedAccessKey="+secret)
		pg.typeIn("telemetry-property-name-0", "o'clock \"x\"")
		pg.typeIn("telemetry-property-value-0", "5 & "+secret)
		pg.typeIn("telemetry-message-id", "m-1")
		pg.typeIn("telemetry-body", body)
		for _, target := range copyTargets {
			pg.fire("copyas-target", "change", Event{Value: target.id})
			texts[target.id] = pg.find("copyas-text").Text
			require.NotContains(t, texts[target.id], secret, target.id)
		}
		copied := ""
		pg.env.Copy = func(_ context.Context, text string) error { copied = text; return nil }
		pg.click("copyas-copy")
		require.Equal(t, pg.find("copyas-text").Text, copied)
	})
	return texts, body
}

func TestCopyAsIsRightToTheShell(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	texts, body := programs(t, "")
	for _, id := range []string{"az-send", "az-simulate", "mosquitto"} {
		// The commands are functions that print their arguments.
		script := "az() { [ $1 = iot ] && printf '%s\\0' \"$@\"; return 0; }; mosquitto_pub() { printf '%s\\0' \"$@\"; }\n" + texts[id]
		out, err := exec.Command(bash, "-c", script).Output()
		require.NoError(t, err, texts[id])
		arguments := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		require.Contains(t, arguments, body, "the body arrives as it is: %s", id)
		require.Contains(t, arguments, "dev-1")
		if id == "mosquitto" {
			require.Contains(t, arguments, "myhub.azure-devices.net/dev-1/?api-version=2021-04-12")
			require.Contains(t, arguments, "8883")
			require.Contains(t, strings.Join(arguments, " "), "devices/dev-1/messages/events/%24.")
		} else {
			require.Contains(t, arguments, "myhub")
			require.Contains(t, strings.Join(arguments, " "), "$.ct=application/json;")
		}
	}
}

func TestCopyAsIsAGoProgram(t *testing.T) {
	texts, _ := programs(t, ";ModuleId=mod-1")
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(texts["go"]), 0o600))
	out, err := exec.Command("go", "vet", file).CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, texts["go"])
	out, err = exec.Command("gofmt", "-l", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out), "gofmt would write it otherwise:\n%s", texts["go"])
}

func TestCopyAsIsAProgramOfNodeAndOfPython(t *testing.T) {
	for _, c := range []struct {
		id, program, file string
		check             []string
	}{
		{"node", "node", "device.js", []string{"--check"}},
		{"python", "python3", "device.py", []string{"-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())"}},
	} {
		t.Run(c.id, func(t *testing.T) {
			program, err := exec.LookPath(c.program)
			if err != nil {
				t.Skip("no " + c.program + " here")
			}
			texts, body := programs(t, "")
			file := filepath.Join(t.TempDir(), c.file)
			require.NoError(t, os.WriteFile(file, []byte(texts[c.id]), 0o600))
			out, err := exec.Command(program, append(c.check, file)...).CombinedOutput()
			require.NoError(t, err, "%s\n%s", out, texts[c.id])
			var decoded string
			require.NoError(t, json.Unmarshal([]byte(stringLiteral(body)), &decoded))
			require.Equal(t, body, decoded)
			require.Contains(t, texts[c.id], stringLiteral(body))
		})
	}
}
