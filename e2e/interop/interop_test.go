package interop

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/internal/serve"
)

// The SDKs know no other addresses than these.
const (
	httpsAddress = "127.0.0.1:443"
	mqttsAddress = "127.0.0.1:8883"
)

// timeLimit is for the scenarios of an area over a transport, which run at the same time; the slowest waits for a method's shortest
// time-out, 5 s, and for the machine.
const timeLimit = 90 * time.Second

func TestSDKs(t *testing.T) {
	node := program(t, "node")
	program(t, "npm")
	modules, err := install(t.Context())
	require.NoError(t, err)
	raiseLoopback(t)
	log := new(operationsLog)
	server, err := start(t, log)
	if inTheWay := errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EADDRINUSE); inTheWay && retryInside(t) {
		return
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		t.Fatalf("%v\nThe SDKs insist on port 443. Run this as root, or let everybody use low ports until the next boot:\n\tsudo sysctl net.ipv4.ip_unprivileged_port_start=443", err)
	case errors.Is(err, syscall.EADDRINUSE):
		t.Fatalf("%v\nThe SDKs insist on ports 443 and 8883: stop what listens there.", err)
	}
	require.NoError(t, err)
	env := append(os.Environ(),
		"NODE_PATH="+modules,
		"NODE_EXTRA_CA_CERTS="+server.Certificates.CAFile,
		"NODE_OPTIONS=--dns-result-order=ipv4first", // localhost is ::1 too, where nobody listens
		"HUBPANEL_X509="+certificates(t))
	for area, transports := range map[string][]string{
		"device":       {"Mqtt", "MqttWs"},
		"x509":         {"Mqtt", "MqttWs"},
		"module":       {"Mqtt", "MqttWs"},
		"provisioning": {"Mqtt", "MqttWs"},
		"service":      {"Https"},
	} {
		for _, transport := range transports {
			t.Run(area+"/"+transport, func(t *testing.T) {
				t.Parallel()
				runScenarios(t, log, env, node, area, transport)
			})
		}
	}
}

// runScenarios runs those of an area in a process, and reports each as a subtest.
func runScenarios(t *testing.T, log *operationsLog, env []string, node, area, transport string) {
	prefix := strings.ToLower(area + "-" + transport)
	ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "run.js", area, transport, prefix)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if stderr.Len() > 0 {
		t.Logf("%s", &stderr)
	}
	if ctx.Err() != nil {
		t.Errorf("not finished within %v", timeLimit)
	} else if err != nil {
		t.Error(err)
	}

	type result struct {
		Names               []string // in the first line only
		Name, Prefix, Error string
		Milliseconds        int
	}
	var names []string
	results := map[string]result{}
	for decoder := json.NewDecoder(&stdout); ; {
		var r result
		if err := decoder.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			t.Errorf("run.js wrote what is not its own: %v", err)
			break
		}
		names = append(names, r.Names...)
		if r.Name != "" {
			results[r.Name] = r
		}
	}
	require.NotEmpty(t, names, "run.js ran nothing")
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			r, ended := results[name]
			switch {
			case !ended:
				t.Errorf("did not end; the operations log:\n%s", log.about(prefix+"-"))
			case r.Error != "":
				t.Errorf("%s\nthe operations log:\n%s", r.Error, log.about(r.Prefix+"-"))
			default:
				t.Logf("took %d ms", r.Milliseconds)
			}
		})
	}
}

// program returns the path of a program that has to be there.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "install Node.js 18 or newer with npm (Debian: apt-get install nodejs npm)")
	return path
}

// start serves the emulator where the SDKs look for it.
func start(t *testing.T, log slog.Handler) (*serve.Server, error) {
	server, err := serve.Start(t.Context(), serve.Options{
		HTTPS: httpsAddress, MQTTS: mqttsAddress, Certs: t.TempDir(), Web: os.DirFS("../../web"), Logger: slog.New(log),
	})
	if err == nil {
		t.Cleanup(func() { require.NoError(t, server.Close()) })
	}
	return server, err
}

// certificates makes what devices with X.509 need, in a folder that scenarios find: NAME.cert.pem and NAME.key.pem. Two have signed
// themselves; those called member were signed by ca.
func certificates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var ca *x509.Certificate
	var caKey *ecdsa.PrivateKey
	for i, name := range []string{"first", "second", "individual-mqtt", "individual-mqttws", "ca", "member-mqtt", "member-mqttws"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		issuer, issuerKey := template, key
		if name == "ca" {
			template.IsCA, template.BasicConstraintsValid, template.ExtKeyUsage = true, true, nil
			template.KeyUsage = x509.KeyUsageCertSign
			ca, caKey = template, key
		} else if strings.HasPrefix(name, "member-") {
			issuer, issuerKey = ca, caKey
		}
		certificate, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
		require.NoError(t, err)
		private, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		for suffix, block := range map[string]*pem.Block{
			".cert.pem": {Type: "CERTIFICATE", Bytes: certificate},
			".key.pem":  {Type: "PRIVATE KEY", Bytes: private},
		} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+suffix), pem.EncodeToMemory(block), 0o600))
		}
	}
	return dir
}

// operationsLog keeps the emulator's log, as text.
type operationsLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *operationsLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *operationsLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *operationsLog) WithGroup(string) slog.Handler            { return l }

func (l *operationsLog) Handle(ctx context.Context, r slog.Record) error {
	var line bytes.Buffer
	if err := slog.NewTextHandler(&line, nil).Handle(ctx, r); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line.String())
	return nil
}

// about returns the lines that mention ids with the prefix.
func (l *operationsLog) about(prefix string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var about strings.Builder
	for _, line := range l.lines {
		if strings.Contains(line, prefix) {
			about.WriteString(line)
		}
	}
	return about.String()
}
