package emulator

import "time"

// attachment is the live connection of a device or module, as the core uses it. A protocol's connection implements it; the core does
// not know which protocol. The core calls it with Hub.mu held, so its methods do not wait.
type attachment interface {
	// receives reports whether the device has asked for queued messages, and may get them now.
	receives() bool

	// deliver sends a queued message under m.Token. again means that the message was sent under this token before, perhaps over an
	// earlier connection. detail describes how it was sent, for the operations log.
	deliver(m *queued, again bool) (r receipt, detail string)

	// desired notifies the device, if it has asked for that, of a patch of its desired properties.
	desired(version int64, patch []byte)

	// unavailable returns why direct methods cannot be called now, or "".
	unavailable() string

	// call sends a request of a direct method. The answer comes by Hub.answerCall with the same request id.
	call(requestID, method string, payload []byte)

	// end ends the connection. The first cause counts; end returns it.
	end(why cause) cause
}

// receipt is the result of attachment.deliver.
type receipt byte

const (
	receiptNone   receipt = iota // nothing: the message stays enqueued
	receiptLocked                // sent: the device acknowledges it, and Hub.acknowledge gets its token
	receiptFinal                 // sent: there will be no acknowledgement
)

// protocolState is the state that a protocol keeps for an identity between its connections, such as an MQTT session.
type protocolState interface {
	// discard forgets the state, because its identity is removed. Hub.mu is held.
	discard(h *Hub, device *identity)
}

// attach makes a an identity's connection, in place of the one that it has. h.mu is held.
func (h *Hub) attach(device *identity, a attachment, modelID string) {
	if device.attached != nil {
		h.detach(device, device.attached, causeTakenOver) // [MQTT-3.1.4-2]
	}
	now := time.Now().UTC()
	device.attached, device.ConnectionStateUpdatedTime, device.LastActivityTime = a, now, now
	if modelID != "" && device.twin.ModelID != modelID {
		device.twin.ModelID = modelID
		device.twin.Version++
		h.saveTwin(device)
	}
	h.saveIdentity(device)
}

// detach ends a connection and, if it is still its identity's, leaves the identity disconnected. h.mu is held.
func (h *Hub) detach(device *identity, a attachment, why cause) {
	a.end(why) // first, because it may have a last message to publish
	if device.attached != a {
		return
	}
	device.attached = nil
	if device.locks != nil {
		device.locks.Stop()
		device.locks = nil
	}
	for _, m := range device.queue {
		m.lockedUntil = time.Time{}
	}
	for _, c := range device.calls {
		c.fail(errOffline("its connection ended before it answered"))
	}
	device.calls = nil
	now := time.Now().UTC()
	device.ConnectionStateUpdatedTime, device.LastActivityTime = now, now
	h.saveIdentity(device)
}

// attachmentReady delivers the messages and calls that wait for a device, when its connection may have become able to receive them. h.mu is held.
func (h *Hub) attachmentReady(device *identity) {
	h.deliver(device)
	h.announceCallable(device)
}

// active notes when a device has sent something. h.mu is held.
func (h *Hub) active(device *identity, at time.Time) { device.LastActivityTime = at }
