package connection

import (
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// Commands connect and disconnect the device. The lock is held.
func (room *Room) Commands() []page.Command {
	running, hint := room.Running(), l10n.New("Device")
	list := []page.Command{
		{ID: "connect", Name: l10n.New("Connect"), Hint: hint, Enabled: !running, Do: room.Connect},
		{ID: "disconnect", Name: l10n.New("Disconnect"), Hint: hint, Enabled: running, Do: room.Disconnect},
		{ID: "try-now", Name: l10n.New("Try now"), Hint: hint, Enabled: running && room.State().Phase == hubclient.Reconnecting, Do: room.TryNow},
	}
	for _, choice := range []struct {
		way  connectWay
		name l10n.Text
	}{{wayString, l10n.New("Connection string")}, {wayFields, l10n.New("Fields")}, {wayToken, l10n.New("SAS token")}} {
		list = append(list, page.Command{ID: "connect-with-" + string(choice.way), Name: l10n.New("Connect with: %s", choice.name), Hint: hint,
			Enabled: !running && room.Form.way != choice.way, Do: func() { room.Update(func() { room.Form.choose(choice.way) }) }})
	}
	return list
}
