package keep

import "github.com/hubpanel/hubpanel/internal/ui"

// OfflineCopy is the browser's copy of the page's own files, for visits without a network. Both methods return at once.
type OfflineCopy interface {
	Reload() // shows the page again, in the newest version that is there
	Forget() // removes the copy
}

// Kept describes what the browser has kept of the page's files.
type Kept struct {
	Version string
	Files   int  // 0: nothing is kept
	Newer   bool // a newer version is kept beside it, and waits until the person wants it
}

// OfflineChanged notes what the browser keeps of the page's files now.
func (room *Room) OfflineChanged(k Kept) { room.Update(func() { room.state.offline = k }) }

// UpdateOffer offers a newer version of the page without interrupting the person. It is always in the page, empty or not, so that
// assistive technology watches it. The lock is held for reading, as for every view.
func (room *Room) UpdateOffer() *ui.Node {
	return ui.H("div.update-place", ui.Attr("role", "status"), ui.TestID("update"),
		ui.When(room.state.offline.Newer, ui.H("div.update",
			ui.H("p", ui.Text(room.T("A new version of this page is ready. A reload ends the session and takes what was not saved."))),
			ui.H("button.secondary", ui.Attr("type", "button"), ui.TestID("update-reload"), ui.Text(room.T("Reload with the new version")), ui.OnClick(func() { room.browser.Offline.Reload() })))))
}

// viewOffline lists the copy among what is stored in this browser.
func (room *Room) viewOffline() ui.Part {
	if room.browser.Offline == nil {
		return nil
	}
	k := room.state.offline
	return ui.H("section.stored", ui.Key("stored-offline"), ui.TestID("stored-offline"),
		ui.H("h4", ui.Text(room.T("The page itself, for use without a network"))),
		ui.When(k.Files == 0, ui.H("p.help", ui.Text(room.T("Nothing.")))),
		ui.When(k.Files > 0, ui.H("p.help", ui.Text(room.T("Version %[1]s, files: %[2]d. None of it is about you; the next visit keeps it again.", k.Version, k.Files)))))
}
