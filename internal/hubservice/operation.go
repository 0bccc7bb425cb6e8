package hubservice

import (
	"encoding/json"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
	"github.com/hubpanel/hubpanel/internal/l10n"
	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// Operation is an entry of the hub's operations log, as it is in the stream Operations.
type Operation struct {
	Time        time.Time         `json:"time"`
	Category    emulator.Category `json:"category"`      // one of the emulator's Category constants
	Name        string            `json:"operationName"` // for programs
	DeviceID    string            `json:"deviceId"`
	ModuleID    string            `json:"moduleId"`
	Level       emulator.Level    `json:"level"` // one of the emulator's Level constants
	StatusCode  int               `json:"statusCode"`
	Reason      string            `json:"reason"`      // for programs, where the status code covers several reasons
	Description string            `json:"description"` // for people
	MessageID   string            `json:"messageId"`   // of the cloud-to-device message that it is about, if it is about one
	Lost        int64             `json:"lost"`        // entries before it that the hub had no longer
}

// Identity returns the device, or "device/module".
func (o *Operation) Identity() string { return hubproto.ClientID(o.DeviceID, o.ModuleID) }

// Failed reports whether it is a refusal or a warning.
func (o *Operation) Failed() bool {
	return o.Level == emulator.LevelError || o.Level == emulator.LevelWarning
}

// Operation decodes an entry of the stream Operations.
func (e *Entry) Operation() (o Operation, err error) {
	if err := json.Unmarshal(e.Data, &o); err != nil {
		return o, l10n.New("the hub's operations log sent something that is not an entry: %v", err)
	}
	if e.Restarted {
		o.Lost = 0
	}
	return o, nil
}
