package panel

import (
	"fmt"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// viewProfiles offers the kept connections, and shows everything that the page keeps.
func (p *Panel) viewProfiles() *Node {
	local, session := p.storages()
	if local == nil && session == nil {
		return h("details.more", key("profiles"), h("summary", testid("profiles"), text(p.T("Profiles and what is stored"))),
			h("p.help", testid("stored-nothing"), text(p.T("Nothing can be kept here: this page has no storage in this browser. Secrets are in memory until the page is closed."))),
			p.viewForget())
	}
	k := &p.kept
	rows := make(nodes, 0, len(k.profiles))
	for i, pr := range k.profiles {
		rows = append(rows, h("li.profile", key(pr.Name), testid("profile"),
			h("span.profile-name", h("b", text(pr.Name)), h("span.help", text(pr.Host+" · "+pr.DeviceID))),
			h("button.quiet", attr("type", "button"), testid(fmt.Sprint("profile-use-", i)), label(p.T("Use profile %s", pr.Name)), text(p.T("Use")),
				onClick(func() { p.UseProfile(pr.Name) })),
			h("button.quiet", attr("type", "button"), testid(fmt.Sprint("profile-remove-", i)), label(p.T("Remove profile %s", pr.Name)), text("×"),
				onClick(func() { p.RemoveProfile(pr.Name) })),
		))
	}
	return h("details.more", key("profiles"), h("summary", testid("profiles"), text(p.T("Profiles and what is stored"))),
		h("div.kept",
			when(local != nil, h("ul.profiles", label(p.T("Profiles")), rows)),
			when(local != nil, h("div.with-button",
				p.viewText(p.T("Save this connection as"), "profile-name", &k.name, attr("placeholder", p.T("name"))),
				h("button.secondary", attr("type", "button"), testid("profile-save"), text(p.T("Save profile")), onClick(p.SaveProfile)))),
			when(local != nil, h("p.help", text(p.T("A profile holds host, ids and options in this browser, never a key or a token.")))),
			when(session != nil, p.viewKeepSecret()),
			p.viewStored(p.T("Stored in this browser"), "stored-local", local),
			p.viewStored(p.T("Stored until this tab is closed"), "stored-session", session),
			p.viewOffline(),
			p.viewForget(),
		))
}

func (p *Panel) viewKeepSecret() *Node {
	return h("div.keep",
		h("label.check",
			h("input", attr("type", "checkbox"), testid("keep-secret"), flag("checked", p.kept.secret),
				Listener{Event: "change", Do: func(e Event) { p.KeepSecret(e.Checked) }}),
			h("span", text(p.T("Keep the secret in this tab until it is closed")))),
		h("p.help", text(p.T("A reload then finds it again. Every script of this origin could read it; a restored tab may bring it back."))))
}

// viewStored lists the page's keys of one storage, each with its size and content; a secret's place is shown, not the secret.
func (p *Panel) viewStored(name, id string, s Storage) part {
	if s == nil {
		return nil
	}
	rows := nodes{}
	for _, k := range keptKeys(s) {
		value, _ := s.Get(k)
		shown := indented([]byte(value))
		if k == tabKey {
			shown = p.T("The connection form with its secret, which is not shown here.")
		}
		rows = append(rows, h("li", key(k),
			h("code", text(k)), h("span.outcome", text(keptSize(k, value))), h("pre", text(hubproto.Redact(shown)))))
	}
	return h("section.stored", key(id), testid(id),
		h("h3", text(name)),
		when(len(rows) == 0, h("p.help", text(p.T("Nothing.")))),
		when(len(rows) > 0, h("ul", rows)))
}

func (p *Panel) viewForget() *Node {
	return h("div.actions",
		h("p.help", text(p.T("Ends the session, and empties what is stored here and the secrets in memory."))),
		h("button.secondary", attr("type", "button"), testid("forget-everything"), text(p.T("Forget everything")), onClick(p.ForgetEverything)))
}
