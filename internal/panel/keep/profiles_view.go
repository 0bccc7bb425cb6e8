package keep

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/jsontext"
	"github.com/hubpanel/hubpanel/internal/panel/page"
	"github.com/hubpanel/hubpanel/internal/ui"
)

// ProfilesCard is the part of the connection form that offers the profiles, and shows everything that the page keeps. The lock is held
// for reading, as for every view.
func (room *Room) ProfilesCard() *ui.Node {
	local, session := room.browser.Local, room.browser.Session
	if local == nil && session == nil {
		return ui.H("details.more", ui.Key("profiles"), ui.H("summary", ui.TestID("profiles"), ui.Text(room.T("Profiles and what is stored"))),
			ui.H("p.help", ui.TestID("stored-nothing"), ui.Text(room.T("Nothing can be kept here: this page has no storage in this browser. Secrets are in memory until the page is closed."))),
			room.viewForget())
	}
	k := &room.state.kept
	rows := make(ui.Nodes, 0, len(k.profiles))
	for i, profile := range k.profiles {
		rows = append(rows, ui.H("li.profile", ui.Key(profile.Name), ui.TestID("profile"),
			ui.H("span.profile-name", ui.H("b", ui.Text(profile.Name)), ui.H("span.help", ui.Text(profile.Host+" · "+profile.DeviceID))),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(fmt.Sprint("profile-use-", i)), ui.Label(room.T("Use profile %s", profile.Name)), ui.Text(room.T("Use")),
				ui.OnClick(func() { room.useProfile(profile.Name) })),
			ui.H("button.quiet", ui.Attr("type", "button"), ui.TestID(fmt.Sprint("profile-remove-", i)), ui.Label(room.T("Remove profile %s", profile.Name)), ui.Text("×"),
				ui.OnClick(func() { room.removeProfile(profile.Name) })),
		))
	}
	return ui.H("details.more", ui.Key("profiles"), ui.H("summary", ui.TestID("profiles"), ui.Text(room.T("Profiles and what is stored"))),
		ui.H("div.kept",
			ui.When(local != nil, ui.H("ul.profiles", ui.Label(room.T("Profiles")), rows)),
			ui.When(local != nil, ui.H("div.with-button",
				room.TextField(room.T("Save this connection as"), "profile-name", &k.profileName, ui.Attr("placeholder", room.T("name"))),
				ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("profile-save"), ui.Text(room.T("Save profile")), ui.OnClick(room.saveProfile)))),
			ui.When(local != nil, ui.H("p.help", ui.Text(room.T("A profile holds host, ids and options in this browser, never a key or a token.")))),
			ui.When(session != nil, room.viewKeepSecret()),
			room.viewStored(room.T("Stored in this browser"), "stored-local", local),
			room.viewStored(room.T("Stored until this tab is closed"), "stored-session", session),
			room.viewOffline(),
			room.viewForget(),
		))
}

func (room *Room) viewKeepSecret() *ui.Node {
	return ui.H("div.keep",
		ui.H("label.check",
			ui.H("input", ui.Attr("type", "checkbox"), ui.TestID("keep-secret"), ui.Flag("checked", room.state.kept.secret),
				ui.Listener{Event: "change", Do: func(e ui.Event) { room.keepSecret(e.Checked) }}),
			ui.H("span", ui.Text(room.T("Keep the secret in this tab until it is closed")))),
		ui.H("p.help", ui.Text(room.T("A reload then finds it again. Every script of this origin could read it; a restored tab may bring it back."))))
}

// viewStored lists the page's keys of one storage, each with its size and content. The value of a secret is not shown.
func (room *Room) viewStored(name, id string, s page.Storage) ui.Part {
	if s == nil {
		return nil
	}
	rows := ui.Nodes{}
	for _, k := range keptKeys(s) {
		value, _ := s.Get(k)
		shown := jsontext.Indent([]byte(value))
		if k == tabKey {
			shown = room.T("The connection form with its secret, which is not shown here.")
		}
		rows = append(rows, ui.H("li", ui.Key(k),
			ui.H("code", ui.Text(k)), ui.H("span.outcome", ui.Text(keptSize(k, value))), ui.H("pre", ui.Text(hubproto.Redact(shown)))))
	}
	return ui.H("section.stored", ui.Key(id), ui.TestID(id),
		ui.H("h3", ui.Text(name)),
		ui.When(len(rows) == 0, ui.H("p.help", ui.Text(room.T("Nothing.")))),
		ui.When(len(rows) > 0, ui.H("ul", rows)))
}

func (room *Room) viewForget() *ui.Node {
	return ui.H("div.actions",
		ui.H("p.help", ui.Text(room.T("Ends the session, and empties what is stored here and the secrets in memory."))),
		ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("forget-everything"), ui.Text(room.T("Forget everything")), ui.OnClick(room.ForgetEverything)))
}
