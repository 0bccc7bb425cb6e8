package hubservice

import (
	"net/url"
	"strings"
)

// SplitIdentity takes "device/module" apart; of a device alone, the module is empty. No id holds a slash.
func SplitIdentity(id string) (deviceID, moduleID string) {
	deviceID, moduleID, _ = strings.Cut(id, "/")
	return deviceID, moduleID
}

// identityPath is the path of a device, or of the module of "device/module", below root.
func identityPath(root, id string) string {
	deviceID, moduleID := SplitIdentity(id)
	path := root + "/" + url.PathEscape(deviceID)
	if moduleID != "" {
		path += "/modules/" + url.PathEscape(moduleID)
	}
	return path
}

func devicePath(id string) string { return identityPath("/devices", id) }

func twinPath(id string) string { return identityPath("/twins", id) }
