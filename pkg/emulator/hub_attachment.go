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
	discard(h *Hub, who *identity)
}

// attach makes a an identity's connection, in place of the one that it has. h.mu is held.
func (h *Hub) attach(who *identity, a attachment, modelID string) {
	if who.attached != nil {
		h.detach(who, who.attached, causeTakenOver) // [MQTT-3.1.4-2]
	}
	now := time.Now().UTC()
	who.attached, who.ConnectionStateUpdatedTime, who.LastActivityTime = a, now, now
	if modelID != "" && who.twin.ModelID != modelID {
		who.twin.ModelID = modelID
		who.twin.Version++
		h.saveTwin(who)
	}
	h.saveIdentity(who)
}

// detach ends a connection and, if it is still its identity's, leaves the identity disconnected. h.mu is held.
func (h *Hub) detach(who *identity, a attachment, why cause) {
	a.end(why) // first, because it may have a last message to publish
	if who.attached != a {
		return
	}
	who.attached = nil
	if who.locks != nil {
		who.locks.Stop()
		who.locks = nil
	}
	for _, m := range who.queue {
		m.lockedUntil = time.Time{}
	}
	for _, c := range who.calls {
		c.fail(errOffline("its connection ended before it answered"))
	}
	who.calls = nil
	now := time.Now().UTC()
	who.ConnectionStateUpdatedTime, who.LastActivityTime = now, now
	h.saveIdentity(who)
}

// attachmentReady delivers the messages and calls that wait for a device, when its connection may have become able to receive them. h.mu is held.
func (h *Hub) attachmentReady(who *identity) {
	h.deliver(who)
	h.announceCallable(who)
}

// active notes when a device has sent something. h.mu is held.
func (h *Hub) active(who *identity, at time.Time) { who.LastActivityTime = at }
