package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheMission is the page's whole purpose, once, on the emulator that serves the page.
func TestTheMission(t *testing.T) {
	server := serveHere(t)
	pn := visit(t, server.URL, "/")
	require.Equal(t, "emulator beside the page", pn.readsOnce("hub-kind", "emulator"))
	mission(pn)
}

// TestTheMissionOnAStaticSite is the same on plain files: the emulator runs inside the page.
func TestTheMissionOnAStaticSite(t *testing.T) {
	origin := serveStatic(t, "/docs/demo")
	pn := visit(t, origin, "/docs/demo/")
	require.Equal(t, "emulator inside the page", pn.readsOnce("hub-kind", "emulator"))
	mission(pn)
}

// readsOnce waits for a text in an element and returns all of it.
func (pn *person) readsOnce(id, text string) string {
	pn.t.Helper()
	pn.sees(id, text)
	return pn.reads(id)
}

func mission(pn *person) {
	t := pn.t

	// A device is ready. One click connects it.
	pn.sees("hub-kind", "emulator ")
	require.Contains(t, pn.value("connection-string"), "DeviceId=MyDevice01;SharedAccessKey=")
	pn.connects()
	pn.sees("device-name", "MyDevice01")
	pn.sees("cloud-log", "MyDevice01")

	// Telemetry, with application and system properties, arrives on the cloud side.
	pn.types("telemetry-body", `{"temperature": 19.25, "unit": "°C"}`)
	pn.types("telemetry-property-name-0", "room")
	pn.types("telemetry-property-value-0", "hall 2/east + west")
	pn.clicks("telemetry-system")
	pn.types("telemetry-message-id", "m-1")
	pn.clicks("telemetry-send")
	pn.sees("device-log", "acknowledged in")
	pn.sees("event", `"temperature": 19.25`)
	pn.sees("event", "°C")
	pn.sees("event", "room = hall 2/east + west")
	pn.sees("event", "m-1")
	pn.sees("event", "application/json")

	// A cloud-to-device message arrives at the device with its properties, and PUBACK completes it.
	pn.shows("messages")
	pn.types("c2d-body", "close the valve")
	pn.types("c2d-message-id", "c-7")
	pn.types("c2d-property-name-0", "Urgency")
	pn.types("c2d-property-value-0", "")
	pn.clicks("c2d-send")
	pn.sees("c2d-result", "The hub has it")
	pn.sees("message", "close the valve")
	pn.sees("message", `Urgency = ""`)
	pn.sees("message", "message-id = c-7")
	pn.sees("message", "completed")
	pn.sees("device-log", "completed (PUBACK)")

	// The twin: a reported patch is merged, null deletes, a desired change comes as a notification.
	pn.shows("twin")
	pn.sees("twin-reported-version", "$version 1")
	pn.types("twin-patch", `{"battery": 60, "old": "x"}`)
	pn.clicks("twin-report")
	pn.sees("twin-reported-version", "$version 2")
	pn.sees("twin-reported", `"old": "x"`)
	pn.types("twin-patch", `{"battery": 61, "old": null}`)
	pn.clicks("twin-report")
	pn.sees("twin-reported-version", "$version 3")
	pn.seesNo("twin-reported", "old")
	pn.sees("cloud-twin", `"battery": 61`)
	pn.seesNo("cloud-twin", `"old"`)
	pn.types("desired-patch", `{"interval": 5}`)
	pn.clicks("desired-update")
	pn.sees("desired-result", "version 2")
	pn.sees("twin-desired-version", "$version 2")
	pn.sees("twin-desired", `"interval": 5`)
	pn.sees("device-log", "Desired properties")

	// A direct method reaches the device; its answer reaches the caller.
	pn.shows("methods")
	pn.types("method-status", "202")
	pn.types("method-answer", `{"will": "do"}`)
	pn.types("invoke-payload", `{"delay": 3}`)
	pn.clicks("invoke")
	pn.sees("invoke-result", "The device answered 202")
	pn.sees("invoke-result", `"will": "do"`)
	pn.sees("method-call", "reboot")

	// DPS: individual and group, 202 and retry-after as they happen, then the assigned hub.
	pn.shows("provisioning")
	for _, way := range []string{"individual", "group"} {
		pn.clicks("use-" + way)
		pn.until(fmt.Sprintf(`document.querySelector('[data-testid="dps-%s"]').checked`, way), "the form did not take the enrollment")
		registrationID := pn.value("dps-registration-id")
		pn.clicks("dps-register")
		pn.sees("dps-step", "202")
		pn.sees("dps-step", "retry-after")
		pn.sees("dps-assigned", "as "+registrationID)
		pn.sees("state", "Connected since")
		pn.sees("device-name", registrationID)
	}

	// The device that DPS made is a device like any other.
	pn.shows("telemetry")
	pn.clicks("telemetry-send")
	pn.sees("event", "#2")

	pn.clicks("disconnect")
	pn.sees("state", "Not connected")
}
