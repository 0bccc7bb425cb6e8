package keep

import (
	"slices"

	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/internal/savefile"
)

// saveProfile keeps the connection form, without its secrets, under the name that was typed, or the device's.
func (room *Room) saveProfile() {
	room.Update(func() {
		profile, err := room.Links.Profile(room.state.kept.profileName.Trimmed())
		if err != nil {
			room.FailLocked("profile", err)
			return
		}
		if profile.Name == "" {
			profile.Name = profile.DeviceID
			if profile.ModuleID != "" {
				profile.Name += "/" + profile.ModuleID
			}
		}
		if room.addProfile(profile) {
			room.state.kept.profileName.Set("")
		}
	})
}

// addProfile keeps a profile in the browser, in the place of one with the same name, and reports whether it could.
func (room *Room) addProfile(profile savefile.Profile) bool {
	list := slices.DeleteFunc(slices.Clone(room.state.kept.profiles), func(old savefile.Profile) bool { return old.Name == profile.Name })
	list = append(list, profile)
	if err := store(room.browser.Local, profilesKey, list); err != nil {
		room.FailLocked("profile", err)
		return false
	}
	room.ClearNotice("profile")
	room.state.kept.profiles = list
	return true
}

// keepImported keeps a profile that came in a session file.
func (room *Room) keepImported(profile savefile.Profile) {
	room.Update(func() {
		err := room.Links.CheckProfile(profile)
		if profile.Name == "" {
			err = l10n.New("the profile has no name")
		}
		if err != nil {
			room.FailLocked("profile", err)
			return
		}
		room.addProfile(profile)
	})
}

// useProfile fills the connection form with a profile. The person adds the key.
func (room *Room) useProfile(name string) {
	room.Update(func() {
		for _, profile := range room.state.kept.profiles {
			if profile.Name == name {
				room.Links.ApplyProfile(profile)
			}
		}
	})
}

// removeProfile removes a profile.
func (room *Room) removeProfile(name string) {
	room.Update(func() {
		k := &room.state.kept
		k.profiles = slices.DeleteFunc(k.profiles, func(profile savefile.Profile) bool { return profile.Name == name })
		if len(k.profiles) == 0 {
			room.browser.Local.Remove(profilesKey)
			return
		}
		if err := store(room.browser.Local, profilesKey, k.profiles); err != nil {
			room.FailLocked("profile", err)
		}
	})
}
