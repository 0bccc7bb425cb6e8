package panel

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hubpanel/hubpanel/internal/l10n"
)

// historyLimit is how many messages and how many calls of the cloud side are kept; older ones are in the operations log.
const historyLimit = 20

// sentMessage is a cloud-to-device message on its way, as the hub's operations log tells it.
type sentMessage struct {
	at      time.Time
	device  string
	id      string // message-id
	summary string
	outcome outcome
	steps   []string
}

// newMessageID makes an id for a message that a person gave none.
func newMessageID(prefix string) string { return prefix + strings.ToLower(rand.Text()[:8]) }

// expiry is when the message on the page expires, in ISO 8601; empty: the hub decides.
func (p *Panel) expiry() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := strings.TrimSpace(p.cloud.message.expiry.text)
	if text == "" {
		return "", nil
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 || seconds > 48*3600 {
		return "", l10n.New("the expiry is a whole number of seconds from 1 to 172800, which is two days")
	}
	return time.Now().Add(time.Duration(seconds) * time.Second).UTC().Format(time.RFC3339), nil
}

// follows begins the history of a message. An id that is used again begins anew.
func (c *cloud) follows(at time.Time, device, id, summary string) {
	for i, m := range c.sent {
		if m.device == device && m.id == id {
			c.sent = append(c.sent[:i:i], c.sent[i+1:]...)
			break
		}
	}
	c.sent = append(c.sent, &sentMessage{at: at, device: device, id: id, summary: summary, outcome: pending})
	if extra := len(c.sent) - historyLimit; extra > 0 {
		c.sent = append([]*sentMessage(nil), c.sent[extra:]...)
	}
}

// messageEnds says for the operations that end a message's way whether the device has it.
var messageEnds = map[string]outcome{
	"messageCompleted":    done,
	"messageExpired":      failed,
	"messageDeadLettered": failed,
}

// became notes what an operation of the hub says about a message that this page sent.
func (c *cloud) became(device, operation, description string) {
	for _, m := range c.sent {
		said, about := strings.CutPrefix(description, fmt.Sprintf("message %q: ", m.id))
		if !about || m.device != device {
			continue
		}
		m.steps = append(m.steps, said)
		if end, ok := messageEnds[operation]; ok {
			m.outcome = end
		}
	}
}

// refused notes that the hub did not take a message.
func (c *cloud) refused(device, id, why string) {
	for _, m := range c.sent {
		if m.device == device && m.id == id {
			m.steps, m.outcome = append(m.steps, why), failed
		}
	}
}

// cloudCall is a direct method that the cloud side invoked.
type cloudCall struct {
	id                            int
	at                            time.Time
	device, name, request, answer string
	status                        int
	problem                       string // why there is no answer
	took                          time.Duration
}

func (c *cloudCall) outcome() outcome {
	if c.problem != "" {
		return failed
	}
	return done
}

func (c *cloud) called(call cloudCall) {
	if n := len(c.calls); n > 0 {
		call.id = c.calls[n-1].id + 1
	}
	c.calls = append(c.calls, call)
	if extra := len(c.calls) - historyLimit; extra > 0 {
		c.calls = append([]cloudCall(nil), c.calls[extra:]...)
	}
}
