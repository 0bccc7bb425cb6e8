package emulator

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// Categories of the operations log, named after those of Azure Monitor's resource logs for IoT Hub and DPS.
const (
	CategoryConnections      = "Connections"
	CategoryTelemetry        = "DeviceTelemetry"
	CategoryC2D              = "C2DCommands"
	CategoryRegistry         = "DeviceIdentityOperations"
	CategoryD2CTwin          = "D2CTwinOperations"
	CategoryC2DTwin          = "C2DTwinOperations"
	CategoryMethods          = "DirectMethods"
	CategoryProvisioning     = "DeviceOperations"  // DPS, what devices do
	CategoryProvisioningAPI  = "ServiceOperations" // DPS, what services do
	CategoryEmulator         = "Emulator"          // faults, the store: nothing that a real hub has
	CategoryServiceOperation = "ServiceRequests"   // REST requests that were refused
)

// Levels of the operations log.
const (
	LevelInformation = "Information"
	LevelWarning     = "Warning"
	LevelError       = "Error"
)

// A Reason tells programs why an operation was refused, where its status code does not.
type Reason string

// ReasonWrongSignature is a SAS token whose signature was not made with a key of the device (status code 401002).
const ReasonWrongSignature Reason = "wrongSignature"

// An Operation is a line of the operations log: what the hub did or refused, and why, in words. It holds no secrets.
type Operation struct {
	SequenceNumber int64     `json:"sequenceNumber"`
	Time           time.Time `json:"time"`
	Category       string    `json:"category"`
	Name           string    `json:"operationName"`
	DeviceID       string    `json:"deviceId,omitempty"` // or the registration id, at DPS
	ModuleID       string    `json:"moduleId,omitempty"`
	Level          string    `json:"level"`
	StatusCode     int       `json:"statusCode"`       // an HTTP status, or a six-digit error code
	Reason         Reason    `json:"reason,omitempty"` // for programs, where StatusCode covers several reasons
	Description    string    `json:"description"`
	Lost           int64     `json:"lost,omitempty"` // lines before this one that this reader missed by being slow
}

func (o Operation) size() int { return 160 + len(o.DeviceID) + len(o.Description) }

// note adds a line to the operations log. Its Level follows from its StatusCode when it is empty.
func (h *Hub) note(o Operation) {
	o.Time = time.Now().UTC()
	// Ids too: whatever is in a refused CONNECT stands there.
	o.DeviceID, o.ModuleID, o.Description = hubproto.Redact(o.DeviceID), hubproto.Redact(o.ModuleID), hubproto.Redact(o.Description)
	if o.Level == "" {
		o.Level = LevelInformation
		if o.StatusCode >= 400 {
			o.Level = LevelError
		}
	}
	h.operations.append(func(sequence int64) Operation {
		o.SequenceNumber = sequence
		return o
	})
}

// writeLog hands the operations log to the Logger. It is a reader like any other, because a logger writes somewhere, which may
// take its time, and lines come from where a lock is held.
func (h *Hub) writeLog() {
	ctx := context.Background()
	for o := range h.operationsFrom(ctx, h.logged+1) {
		h.logged = o.SequenceNumber
		level := slog.LevelInfo
		switch o.Level {
		case LevelWarning:
			level = slog.LevelWarn
		case LevelError:
			level = slog.LevelError
		}
		attrs := []slog.Attr{slog.String("category", o.Category), slog.String("operation", o.Name),
			slog.String("device", hubproto.ClientID(o.DeviceID, o.ModuleID)), slog.Int("status", o.StatusCode)}
		if o.Lost > 0 {
			attrs = append(attrs, slog.Int64("lost", o.Lost))
		}
		h.Logger.LogAttrs(ctx, level, o.Description, attrs...)
	}
}

func (h *Hub) logStoreFailure(err error) {
	h.note(Operation{Category: CategoryEmulator, Name: "commit", StatusCode: 500001,
		Description: "the store failed, and changes wait to be stored with the next one: " + err.Error()})
}

// Operations follows the operations log from now on, until ctx or the hub ends. A reader that falls behind by more than the
// hub keeps (10,000 lines) sees Lost in the next line that it gets.
func (h *Hub) Operations(ctx context.Context) iter.Seq[Operation] {
	if h.use() != nil {
		return func(func(Operation) bool) {}
	}
	return h.operationsFrom(ctx, h.operations.next())
}

func (h *Hub) operationsFrom(ctx context.Context, sequence int64) iter.Seq[Operation] {
	return func(yield func(Operation) bool) {
		for o, lost := range h.operations.from(ctx, sequence) {
			o.Lost = lost
			if !yield(o) {
				return
			}
		}
	}
}
