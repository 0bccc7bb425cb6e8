package keep

import (
	"context"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/hubservice"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/snippet"
)

// codeCard is the state of the card that shows the device as code.
type codeCard struct {
	target string // the ID of a snippet.Target
	result page.Result
}

// codeSource returns the device on the page and the message of the telemetry form, without secrets. Nothing outside the page reaches the
// hub inside it, so a placeholder takes its place.
func (room *Room) codeSource() *snippet.Source {
	credentials := room.Links.Credentials()
	if !room.Links.Running() {
		if next, err := room.Links.FormCredentials(); err == nil {
			credentials = next
		}
	}
	message := room.Links.Message()
	clean := room.Secrets().Clean
	s := &snippet.Source{Host: credentials.Host, DeviceID: credentials.DeviceID, ModuleID: credentials.ModuleID,
		Body: []byte(clean(string(message.Body))), System: message.SystemProperties}
	s.Ours = room.emulator.Kind == hubservice.Served && room.emulator.Is(s.Host)
	if s.Host == "" || s.Host == hubservice.InPageHost {
		s.Host = snippet.SomeHost
	}
	if s.DeviceID == "" {
		s.DeviceID = snippet.SomeDevice
	}
	for key, value := range message.SystemProperties.All() {
		s.System.Set(key, clean(value))
	}
	for _, property := range message.Properties {
		s.Properties = append(s.Properties, hubproto.Property{Name: clean(property.Name), Value: clean(property.Value), Null: property.Null})
	}
	return s
}

// copyCode puts the code on the card on the clipboard.
func (room *Room) copyCode() {
	var code string
	room.Read(func() { code = snippet.Text(room.codeSource(), room.state.code.target) })
	room.Go("copy", func(ctx context.Context) {
		err := room.Env.Copy(ctx, code)
		room.Update(func() { room.state.code.result = page.ResultOf(err, l10n.New("It is on the clipboard.")) })
	})
}
