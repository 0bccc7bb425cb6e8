package keep

import "github.com/hubpanel/hubpanel/internal/savefile"

// Secret is the secret part of the connection form. Only the field of the way to connect is set.
type Secret struct {
	Way        string `json:"way"`
	Connection string `json:"connectionString,omitempty"`
	Key        string `json:"key,omitempty"`
	Token      string `json:"token,omitempty"`
}

// tabForm is the connection form as the tab's storage holds it.
type tabForm struct {
	Secret
	Profile savefile.Profile `json:"profile"`
}

// loadSecret restores the connection form that this tab keeps.
func (room *Room) loadSecret() {
	var form tabForm
	if load(room.browser.Session, tabKey, &form) {
		room.state.kept.secret = true
		room.Links.RestoreForm(form.Profile, form.Secret)
	}
}

// keepSecret keeps the connection form with its secret until the tab is closed, or stops keeping it.
func (room *Room) keepSecret(keep bool) {
	room.Update(func() {
		room.state.kept.secret = keep
		room.StoreSecret()
	})
}

// StoreSecret stores the connection form with its secret in the tab, or removes it, as the person chose. The connection room calls it
// when a connection begins. The lock is held for writing.
func (room *Room) StoreSecret() {
	k, session := &room.state.kept, room.browser.Session
	if session == nil {
		k.secret = false
		return
	}
	if !k.secret {
		session.Remove(tabKey)
		return
	}
	profile, secret := room.Links.Form()
	if err := store(session, tabKey, tabForm{secret, profile}); err != nil {
		k.secret = false
		room.FailLocked("profile", err)
	}
}
