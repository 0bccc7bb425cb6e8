package panel

// OfflineCopy is the browser's copy of the page's own files, for visits without a network. Both methods return at once.
type OfflineCopy interface {
	Reload() // shows the page again, in the newest version that is there
	Forget() // removes the copy
}

// Kept is what the browser has kept of the page.
type Kept struct {
	Version string
	Files   int  // 0 when nothing is kept
	Newer   bool // a newer version is kept beside it, and waits until the person wants it
}

// OfflineChanged says what the browser keeps of the page now.
func (p *Panel) OfflineChanged(k Kept) { p.update(func() { p.offline = k }) }

// viewUpdate offers the newer version of the page, and takes nobody away from what they do. It is always in the page, empty
// or not, so that assistive technology watches it.
func (p *Panel) viewUpdate() *Node {
	return h("div.update-place", attr("role", "status"), testid("update"),
		when(p.offline.Newer, h("div.update",
			h("p", text(p.T("A new version of this page is ready. A reload ends the session and takes what was not saved."))),
			h("button.secondary", attr("type", "button"), testid("update-reload"), text(p.T("Reload with the new version")), onClick(func() { p.env.Offline.Reload() })))))
}

// viewOffline names the copy among what is stored in this browser.
func (p *Panel) viewOffline() part {
	if p.env.Offline == nil {
		return nil
	}
	k := p.offline
	return h("section.stored", key("stored-offline"), testid("stored-offline"),
		h("h4", text(p.T("The page itself, for use without a network"))),
		when(k.Files == 0, h("p.help", text(p.T("Nothing.")))),
		when(k.Files > 0, h("p.help", text(p.T("Version %[1]s, files: %[2]d. None of it is about you; the next visit keeps it again.", k.Version, k.Files)))))
}
