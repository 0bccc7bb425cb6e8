package emulator

import (
	"context"
	"encoding/base64"
)

// Settings are the settings that a service may change while the hub runs: GET and PUT /emulator/settings. They are not stored; a hub
// starts with its fields of the same names.
type Settings struct {
	ScaleUnits int      `json:"scaleUnits"` // 0: no limits; see Hub.ScaleUnits
	Lenient    bool     `json:"lenient"`
	TrustedCAs []string `json:"trustedCAs"` // PEM, or DER in base64; see Hub.TrustedCAs
}

// maxScaleUnits is the most that a hub of the S1 tier can have ("Understand quotas and throttling").
const maxScaleUnits = 200

// maxTrustedCAs is how many CA certificates a hub takes ("Understand quotas and throttling").
const maxTrustedCAs = 25

// settings are Settings in force, with the meters that go with them. Immutable but for the meters.
type settings struct {
	Settings
	cas      [][]byte  // TrustedCAs, DER
	throttle *throttle // nil without limits
}

func newSettings(s Settings, cas [][]byte) *settings {
	in := &settings{Settings: s, cas: cas}
	if s.ScaleUnits > 0 {
		in.throttle = newThrottle(s.ScaleUnits)
	}
	return in
}

// initialSettings are the hub's fields.
func (h *Hub) initialSettings() *settings {
	s := Settings{ScaleUnits: h.ScaleUnits, Lenient: h.Lenient}
	for _, der := range h.TrustedCAs {
		s.TrustedCAs = append(s.TrustedCAs, base64.StdEncoding.EncodeToString(der))
	}
	return newSettings(s, h.TrustedCAs)
}

// SetSettings changes the settings from now on, for open connections too. The meters start at zero.
func (h *Hub) SetSettings(s Settings) error {
	if err := h.Open(context.Background()); err != nil {
		return err
	}
	switch {
	case s.ScaleUnits < 0 || s.ScaleUnits > maxScaleUnits:
		return errorf(400004, "ArgumentInvalid", "scaleUnits is %d: from 0 (no limits) to %d", s.ScaleUnits, maxScaleUnits)
	case len(s.TrustedCAs) > maxTrustedCAs:
		return errorf(400004, "ArgumentInvalid", "%d trusted CAs: at most %d are allowed", len(s.TrustedCAs), maxTrustedCAs)
	}
	var cas [][]byte
	for i, text := range s.TrustedCAs {
		der := (&X509Certificate{Certificate: text}).der()
		if der == nil {
			return errorf(400004, "ArgumentInvalid", "trustedCAs[%d] is neither PEM nor base64 of DER", i)
		}
		if err := checkCA(der); err != nil {
			return errorf(400004, "ArgumentInvalid", "trustedCAs[%d]: %v", i, err)
		}
		cas = append(cas, der)
	}
	h.settings.Store(newSettings(s, cas))
	text := "settings: no throttling limits"
	if s.ScaleUnits > 0 {
		text = "settings: throttling limits of S1 with " + plural(s.ScaleUnits, "unit")
	}
	if s.Lenient {
		text += ", lenient"
	}
	text += ", " + plural(len(s.TrustedCAs), "trusted CA")
	h.note(Operation{Category: CategoryEmulator, Name: "settings", StatusCode: 200, Description: text})
	return nil
}

// CurrentSettings returns the settings in force.
func (h *Hub) CurrentSettings() Settings {
	if h.Open(context.Background()) != nil {
		return Settings{}
	}
	return h.settings.Load().Settings
}
