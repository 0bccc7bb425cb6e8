package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/l10n/catalog"
)

// Topic is what both panes are about: the device's part of it on one side, the cloud's on the other.
type Topic string

// The topics, in the order of the tabs. Their names are the values of the page's view parameter.
const (
	TopicTelemetry    Topic = "telemetry"
	TopicMessages     Topic = "messages"
	TopicTwin         Topic = "twin"
	TopicMethods      Topic = "methods"
	TopicProvisioning Topic = "provisioning"
	TopicWire         Topic = "wire"
	TopicDiagnose     Topic = "diagnose"
)

// Topics are the topics in the order of the tabs, by their names.
var Topics = []struct {
	Topic Topic
	Name  l10n.Text
}{
	{TopicTelemetry, l10n.New("Telemetry")},
	{TopicMessages, l10n.New("Messages")},
	{TopicTwin, l10n.New("Device twin")},
	{TopicMethods, l10n.New("Direct methods")},
	{TopicProvisioning, l10n.New("Provisioning")},
	{TopicWire, l10n.New("Wire")},
	{TopicDiagnose, l10n.New("Diagnose")},
}

// Theme is the page's colours.
type Theme string

// The themes: as the system has it, or one of the two.
const (
	ThemeAuto  Theme = "auto"
	ThemeLight Theme = "light"
	ThemeDark  Theme = "dark"
)

// Params are the page's query parameters. They are for looks and automation only: none holds a secret, none connects.
type Params struct {
	View  Topic
	Theme Theme
	Lang  catalog.Lang // "" if the link does not say
	Hub   string       // "served", "inpage" or "" (served where there is a server, else in-page)
	Embed bool
	// Scenario is the name of the built-in scenario to show; whether there is one is not checked yet.
	Scenario string
	// Patience is how long the connection doctor waits for a request or a handshake; 0: as long as it does by itself.
	Patience time.Duration
	// Refused is set when the URL held something secret. The page must wipe its URL, and the panel reports it.
	Refused bool
}

// secretNames are what people put into links that must not be there.
var secretNames = []string{"sharedaccesskey", "sharedaccesssignature", "connectionstring", "password", "sig", "sas", "key", "groupkey", "primarykey"}

// ParseParams reads a page's query (without its leading "?") and fragment. Unknown parameters and values are ignored, so
// that old links keep working; anything that looks like a secret is refused, and its value dropped.
func ParseParams(query, fragment string) Params {
	p := Params{View: TopicTelemetry, Theme: ThemeAuto}
	values, err := url.ParseQuery(query)
	p.Refused = err != nil && HoldsSecret(query) || HoldsSecret(fragment)
	for name, list := range values {
		if HoldsSecret(name+"=") || len(list) > 0 && HoldsSecret(list[0]) {
			p.Refused = true
		}
	}
	for _, t := range Topics {
		if values.Get("view") == string(t.Topic) {
			p.View = t.Topic
		}
	}
	switch t := Theme(values.Get("theme")); t {
	case ThemeLight, ThemeDark:
		p.Theme = t
	}
	for _, l := range catalog.Languages {
		if values.Get("lang") == string(l.Lang) {
			p.Lang = l.Lang
		}
	}
	switch hub := values.Get("hub"); hub {
	case "served", "inpage":
		p.Hub = hub
	}
	if seconds, err := strconv.Atoi(values.Get("patience")); err == nil && 1 <= seconds && seconds <= 60 {
		p.Patience = time.Duration(seconds) * time.Second
	}
	p.Embed = values.Get("embed") == "1"
	if name := values.Get("scenario"); SimpleName(name) {
		p.Scenario = name
	}
	return p
}

// HoldsSecret looks for "name=" of a secret, with or without percent-encoding, anywhere in the text.
func HoldsSecret(s string) bool {
	if decoded, err := url.QueryUnescape(s); err == nil {
		s = decoded
	}
	s = strings.ToLower(s)
	for _, name := range secretNames {
		for rest := s; ; {
			i := strings.Index(rest, name+"=")
			if i < 0 {
				break
			}
			if i == 0 || !isLetter(rest[i-1]) {
				return true
			}
			rest = rest[i+1:]
		}
	}
	return false
}

// SimpleName reports whether a name can stand in a link and in a file's name: at most 64 ASCII letters, digits, _, - and dots.
func SimpleName(s string) bool {
	return s != "" && len(s) <= 64 && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.')
	})
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' }
