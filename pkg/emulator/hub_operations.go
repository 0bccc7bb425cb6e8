package emulator

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/hubpanel/hubpanel/internal/hubproto"
)

// A Category is the part of the service that an operation belongs to, named after the categories of Azure Monitor's resource logs for
// IoT Hub and DPS.
type Category string

// The categories.
const (
	CategoryConnections      Category = "Connections"
	CategoryTelemetry        Category = "DeviceTelemetry"
	CategoryC2D              Category = "C2DCommands"
	CategoryRegistry         Category = "DeviceIdentityOperations"
	CategoryD2CTwin          Category = "D2CTwinOperations"
	CategoryC2DTwin          Category = "C2DTwinOperations"
	CategoryMethods          Category = "DirectMethods"
	CategoryProvisioning     Category = "DeviceOperations"  // DPS, requests of devices
	CategoryProvisioningAPI  Category = "ServiceOperations" // DPS, requests of services
	CategoryEmulator         Category = "Emulator"          // faults, settings, the store: a real hub has none of them
	CategoryServiceOperation Category = "ServiceRequests"   // REST requests that were refused
)

// A Level is the severity of an operation.
type Level string

const (
	LevelInformation Level = "Information"
	LevelWarning     Level = "Warning"
	LevelError       Level = "Error"
)

// A Reason tells programs why an operation was refused, where its status code covers several reasons.
type Reason string

// ReasonWrongSignature is a SAS token that was not signed with a key of the device (status code 401002).
const ReasonWrongSignature Reason = "wrongSignature"

// Names of the operations that are about one cloud-to-device message, all of category CategoryC2D. Each event of a message is exactly one
// operation. A message begins with MessageEnqueued and ends with one of the last five.
const (
	MessageEnqueued     = "messageEnqueued"     // a service sent it, and the queue has it
	MessageDelivered    = "messageDelivered"    // it was sent to the device; it is sent again after MessageLockExpired or a lost connection
	MessageLockExpired  = "messageLockExpired"  // the device did not acknowledge it within 60 s
	MessageCompleted    = "messageCompleted"    // the device acknowledged it, or received it at QoS 0
	MessageExpired      = "messageExpired"      // its time to live ended first
	MessageDeadLettered = "messageDeadLettered" // the device did not acknowledge it ten times
	MessagePurged       = "messagePurged"       // a service purged the queue
	MessageDropped      = "messageDropped"      // a CONNECT with CleanSession 1 or the end of its device's entry removed the queue
)

// An Operation is a line of the operations log: what the hub did or refused, and why. Category, Name, StatusCode and the ids are for
// programs, Description is for people and may change. It holds no secrets.
type Operation struct {
	SequenceNumber int64     `json:"sequenceNumber"`
	Time           time.Time `json:"time"`
	Category       Category  `json:"category"`
	Name           string    `json:"operationName"`
	DeviceID       string    `json:"deviceId,omitempty"` // or the registration id, at DPS
	ModuleID       string    `json:"moduleId,omitempty"`
	Level          Level     `json:"level"`
	StatusCode     int       `json:"statusCode"` // an HTTP status, or a six-digit error code
	Reason         Reason    `json:"reason,omitempty"`
	Description    string    `json:"description"`
	Lost           int64     `json:"lost,omitempty"` // lines before this one that this reader missed because it was too slow

	// MessageID and MessageSequenceNumber identify the cloud-to-device message that the operation is about: the id that its sender gave
	// it, if any, and its number in the hub, from 1. They are empty for other operations.
	MessageID             string `json:"messageId,omitempty"`
	MessageSequenceNumber int64  `json:"messageSequenceNumber,omitempty"`
}

func (o Operation) size() int { return 184 + len(o.DeviceID) + len(o.Description) + len(o.MessageID) }

// note adds a line to the operations log. Its Level follows from its StatusCode when it is empty.
func (h *Hub) note(o Operation) {
	o.Time = time.Now().UTC()
	// Ids too: they may come from a CONNECT that was refused.
	o.DeviceID, o.ModuleID, o.Description = hubproto.Redact(o.DeviceID), hubproto.Redact(o.ModuleID), hubproto.Redact(o.Description)
	o.MessageID = hubproto.Redact(o.MessageID)
	if o.Level == "" {
		o.Level = LevelInformation
		if o.StatusCode >= 400 {
			o.Level = LevelError
		}
	}
	h.operations.Append(func(sequence int64) Operation {
		o.SequenceNumber = sequence
		return o
	})
}

// writeLog passes the operations log to the Logger. It is a reader like any other, because a logger may be slow and the hub adds lines
// with its lock held.
func (h *Hub) writeLog() {
	ctx := context.Background()
	for o := range h.follow(ctx, h.logged+1) {
		h.logged = o.SequenceNumber
		level := slog.LevelInfo
		switch o.Level {
		case LevelWarning:
			level = slog.LevelWarn
		case LevelError:
			level = slog.LevelError
		}
		attrs := []slog.Attr{slog.String("category", string(o.Category)), slog.String("operation", o.Name),
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

// Operations yields the operations log from now on, until ctx or the hub ends. A reader that is slower than the log by more than the
// hub keeps (10,000 lines) sees Lost in its next line.
func (h *Hub) Operations(ctx context.Context) iter.Seq[Operation] {
	if h.Open(ctx) != nil {
		return func(func(Operation) bool) {}
	}
	return h.follow(ctx, h.operations.Next())
}

// OperationsFrom is Operations beginning with the line of that number, or with the oldest line that the hub still has. Numbers
// belong to one instance of the hub (Instance): one that is beyond the end of its log begins with the next line.
func (h *Hub) OperationsFrom(ctx context.Context, sequenceNumber int64) iter.Seq[Operation] {
	if h.Open(ctx) != nil {
		return func(func(Operation) bool) {}
	}
	return h.follow(ctx, sequenceNumber)
}

func (h *Hub) follow(ctx context.Context, sequence int64) iter.Seq[Operation] {
	items := h.operations.From(ctx, sequence)
	return func(yield func(Operation) bool) {
		for o, missed := range items {
			o.Lost = missed
			if !yield(o) {
				return
			}
		}
	}
}
