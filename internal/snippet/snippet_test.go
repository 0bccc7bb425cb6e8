//go:build !js

package snippet

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// quotesBody is a body full of characters with a meaning in some language.
const quotesBody = "{\"it's\": \"a \\\"quote\\\" $HOME `id` \\\\ \u2028 ż\"}"

// sample is a device with a message full of quotes.
func sample(moduleID string) *Source {
	return &Source{
		Host: "myhub.azure-devices.net", DeviceID: "dev-1", ModuleID: moduleID,
		Body:       []byte(quotesBody),
		System:     hubproto.SystemProperties{ContentType: "application/json", ContentEncoding: "utf-8", MessageID: "m-1"},
		Properties: hubproto.Properties{{Name: "o'clock \"x\"", Value: "5 & …"}},
	}
}

// hostileIDs are ids that would do something if a language or a shell read them as code.
var hostileIDs = []string{
	"x'$(id)'y", "x';id;'y", "`id`", "$(id)", "x\"$(id)\"y", `x\'$(id)\'y`, `x\`, "a\nid\nb", "a\r\nid", "a\u2028id()", "a\u2029id()", "\x1b[2Jid", "\tid", "!id", "-x", "#id", "~", "*", " ",
}

// bash runs a script and returns the arguments of az and mosquitto_pub, and the script's other output: texts that end with NUL. It fails
// the test if the script runs the command id.
func bash(t *testing.T, script string) []string {
	t.Helper()
	shell, err := exec.LookPath("bash")
	require.NoError(t, err, "the tests need bash")
	cmd := exec.Command(shell, "-e", "-c", "id() { touch ran; }\n"+
		"az() { [ $1 = iot ] && printf '%s\\0' \"$@\"; return 0; }; mosquitto_pub() { printf '%s\\0' \"$@\"; }\n"+script)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, script)
	require.NoFileExists(t, filepath.Join(cmd.Dir, "ran"), "a value ran as a command:\n%s", script)
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestCommandsPassTheirValues(t *testing.T) {
	for _, target := range []string{"az-send", "az-simulate", "mosquitto"} {
		arguments := bash(t, Text(sample(""), target))
		require.Contains(t, arguments, quotesBody, "the body arrives as it is: %s", target)
		require.Contains(t, arguments, "dev-1")
		if target == "mosquitto" {
			require.Contains(t, arguments, "myhub.azure-devices.net/dev-1/?api-version=2021-04-12")
			require.Contains(t, arguments, "8883")
			require.Contains(t, strings.Join(arguments, " "), "devices/dev-1/messages/events/%24.")
		} else {
			require.Contains(t, arguments, "myhub")
			require.Contains(t, strings.Join(arguments, " "), "$.ct=application/json;")
		}
	}
}

// TestCommandsDoNotRunAnID pastes whole commands into bash.
func TestCommandsDoNotRunAnID(t *testing.T) {
	for _, id := range hostileIDs {
		for _, target := range []string{"az-send", "az-simulate", "mosquitto"} {
			s := sample("")
			s.DeviceID = id
			require.Contains(t, bash(t, Text(s, target)), id, "%s", target)
		}
	}
}

// TestEnvironmentDoesNotRunAnID pastes the command in a program's first comment into bash, as the comment asks for.
func TestEnvironmentDoesNotRunAnID(t *testing.T) {
	for _, id := range hostileIDs {
		for target, comment := range map[string]string{"node": "// ", "python": "# ", "go": "// "} {
			t.Run(fmt.Sprintf("%s %q", target, id), func(t *testing.T) {
				s := sample("mod'$(id)'")
				s.Host, s.DeviceID = "h'$(id)'", id
				command := ""
				for line := range strings.Lines(Text(s, target)) {
					if after, ok := strings.CutPrefix(line, comment+"export "); ok {
						command = after
					}
				}
				require.NotEmpty(t, command)
				got := bash(t, "export "+command+`printf '%s\0' "$IOTHUB_DEVICE_CONNECTION_STRING"`)
				require.Equal(t, []string{"HostName=h'$(id)';DeviceId=" + id + ";ModuleId=mod'$(id)';SharedAccessKey=<device key>"}, got)
			})
		}
	}
}

// TestBashQuoting quotes random texts of characters that mean something to bash.
func TestBashQuoting(t *testing.T) {
	const alphabet = "ab'\"\\$`(){}[]<>|&;!#~*?=%^ \t\n\r\x01\x1b\x7f\u0085\u00a0\u2028\u2029żń𝄞-"
	characters := []rune(alphabet)
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 { // scripts, each with many words
		var script strings.Builder
		var want []string
		for range 400 {
			text := make([]rune, random.IntN(12))
			for i := range text {
				text[i] = characters[random.IntN(len(characters))]
			}
			s := string(text)
			want = append(want, s, s)
			line := bashLine(s)
			require.NotContains(t, line, "\n")
			fmt.Fprintf(&script, "printf '%%s\\0%%s\\0' %s %s\n", bashWord(s), line)
		}
		require.Equal(t, want, bash(t, script.String()))
	}
	require.Equal(t, []string{"ab", "cd"}, bash(t, `printf '%s\0' `+bashWord("a\x00b")+" "+bashLine("c\x00d")), "a word cannot hold NUL")
}

// everything is a source with every system property and hostile ids.
func everything() *Source {
	s := sample("mod\n\u2028'\"")
	s.DeviceID = "dev\n\u2028'\"\\"
	for _, property := range hubproto.SystemPropertyTable {
		s.System.Set(property.Key, "a '\"\\\n\u2028 "+property.Name)
	}
	return s
}

func TestGoProgram(t *testing.T) {
	for _, s := range []*Source{sample("mod-1"), everything()} {
		program := Text(s, "go")
		file := filepath.Join(t.TempDir(), "main.go")
		require.NoError(t, os.WriteFile(file, []byte(program), 0o600))
		out, err := exec.Command("go", "vet", file).CombinedOutput()
		require.NoError(t, err, "%s\n%s", out, program)
		out, err = exec.Command("gofmt", "-l", file).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, string(out), "gofmt would write it otherwise:\n%s", program)
	}
}

func TestNodeAndPythonPrograms(t *testing.T) {
	for _, c := range []struct {
		target, program, file string
		check                 []string
	}{
		{"node", "node", "device.js", []string{"--check"}},
		{"python", "python3", "device.py", []string{"-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())"}},
	} {
		t.Run(c.target, func(t *testing.T) {
			program, err := exec.LookPath(c.program)
			if err != nil {
				t.Skip("no " + c.program + " here")
			}
			for _, s := range []*Source{sample(""), everything()} {
				text := Text(s, c.target)
				file := filepath.Join(t.TempDir(), c.file)
				require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
				out, err := exec.Command(program, append(c.check, file)...).CombinedOutput()
				require.NoError(t, err, "%s\n%s", out, text)
				var decoded string
				require.NoError(t, json.Unmarshal([]byte(scriptString(quotesBody)), &decoded))
				require.Equal(t, quotesBody, decoded)
				require.Contains(t, text, scriptString(quotesBody))
			}
		})
	}
}

func TestTextOfAnUnknownTarget(t *testing.T) {
	require.Empty(t, Text(sample(""), "cobol"))
	for _, target := range Targets {
		require.NotEmpty(t, Text(sample(""), target.ID), target.Name)
	}
}
