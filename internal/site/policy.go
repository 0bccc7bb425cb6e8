package site

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// azureHosts are the hosts of IoT Hub and of its Device Provisioning Service: the public cloud, Azure China (.cn) and Azure
// Government (.us). The wildcard stands for any number of labels, so it also allows HUB.device.azure-devices.net.
var azureHosts = []string{
	"*.azure-devices.net",
	"*.azure-devices.cn",
	"*.azure-devices.us",
	"*.azure-devices-provisioning.net",
	"*.azure-devices-provisioning.cn",
	"*.azure-devices-provisioning.us",
}

// loopbackSources are what a page served from loopback may reach besides its own origin: an emulator on another port.
var loopbackSources = []string{
	"http://localhost:*", "ws://localhost:*",
	"http://127.0.0.1:*", "ws://127.0.0.1:*",
}

// indexConnect is connect-src of index.html: its own origin, Azure, the hosts that whoever serves it has added, and
// loopback where the page itself comes from there.
func indexConnect(extra []string, loopback bool) []string {
	sources := []string{"'self'"}
	for _, host := range azureHosts {
		// https too, for the doctor: whether a host answers at all, which a failed WebSocket does not tell. The hub gives a page no
		// more than that, having no CORS headers.
		sources = append(sources, "wss://"+host+":443", "https://"+host+":443")
	}
	sources = append(sources, extra...)
	if loopback {
		sources = append(sources, loopbackSources...)
	}
	return sources
}

// embedConnect is connect-src of embed.html, which lives in other people's pages: only its own origin's files, so that no
// link, scenario or script around it can make it talk to a real hub.
var embedConnect = []string{"'self'"}

// workerPolicy is the one policy of Trusted Types that there is: in web/offline.js, for the address of the service worker.
const workerPolicy = "hubpanel-worker"

// pagePolicy is what differs from page to page.
type pagePolicy struct {
	connect      []string
	scriptHash   string // of the one script in the page itself, if there is one
	worker       string // where a worker may come from; nowhere if empty
	trustedTypes string // the policies of Trusted Types that may be made; none if empty
}

// String is what the page may do, but for who may frame it. 'wasm-unsafe-eval' allows WebAssembly and no eval; Trusted Types
// without any policy make every HTML string and script URL from a script an error, so the DOM is built of elements and
// text only.
func (p pagePolicy) String() string {
	script := "'self' 'wasm-unsafe-eval'"
	if p.scriptHash != "" {
		script += " '" + p.scriptHash + "'"
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + script,
		"style-src 'self'",
		"img-src 'self' data:",
		"manifest-src 'self'",
		"worker-src " + cmp.Or(p.worker, "'none'"),
		"connect-src " + strings.Join(p.connect, " "),
		"base-uri 'none'",
		"form-action 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types " + cmp.Or(p.trustedTypes, "'none'"),
	}, "; ")
}

// permissionsPolicy turns off what a browser could offer and the page has no use for. It stays able to write to the
// clipboard, for its copy buttons. Only names that browsers know: Chrome reports others on the console.
var permissionsPolicy = func() string {
	off := []string{
		"accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "display-capture", "encrypted-media",
		"fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment",
		"picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "sync-xhr", "usb", "xr-spatial-tracking",
	}
	for i, feature := range off {
		off[i] = feature + "=()"
	}
	return strings.Join(off, ", ")
}()

// ParseConnectSrc reads the value of -connect-src: sources separated by spaces, each a scheme (wss, ws, https or http), a
// host that may begin with "*.", and a port where it is not the scheme's own, such as "wss://gateway.example:8443". The
// empty string gives none. Anything else is refused, since it would change the meaning of the policy it is put into.
func ParseConnectSrc(s string) ([]string, error) {
	var sources []string
	for _, source := range strings.Fields(s) {
		if err := checkSource(source); err != nil {
			return nil, err
		}
		if !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	return sources, nil
}

// checkSource says what is wrong with a source, so that what is good can stand in a header and in an attribute as it is.
func checkSource(source string) error {
	if err := parseSource(source); err != nil {
		return fmt.Errorf("connect-src: %q: %w; write it like wss://gateway.example or wss://gateway.example:8443", source, err)
	}
	return nil
}

func parseSource(source string) error {
	scheme, rest, ok := strings.Cut(source, "://")
	if !ok {
		return fmt.Errorf("the scheme is missing")
	}
	if !slices.Contains([]string{"wss", "ws", "https", "http"}, scheme) {
		return fmt.Errorf("the scheme %q is none of wss, ws, https and http", scheme)
	}
	if strings.ContainsAny(rest, "/?#") {
		return fmt.Errorf("a source is a scheme, a host and perhaps a port, without a path")
	}
	if strings.HasPrefix(rest, "[") {
		return fmt.Errorf("a content security policy cannot hold an IPv6 address, use a host name")
	}
	host, port, hasPort := strings.Cut(rest, ":")
	if hasPort && port != "*" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("the port %q is not a number from 1 to 65535", port)
		}
	}
	for label := range strings.SplitSeq(strings.TrimPrefix(host, "*."), ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return fmt.Errorf("%q is not a host name", host)
		}
	}
	return nil
}
