package mqttcodec

import (
	"slices"
	"strconv"
)

// Connack is the server's answer to Connect and the first packet it sends (section 3.2).
type Connack struct {
	SessionPresent bool        // the server has kept the session; false with any code but 0 [MQTT-3.2.2-4]
	ReturnCode     ConnectCode // 0: accepted. After any other code the server closes the connection [MQTT-3.2.2-5]
}

// ConnectCode is a CONNACK return code (section 3.2.2.3). Codes from 6 on are reserved; they are neither encoded nor
// decoded.
type ConnectCode byte

// The return codes of table 3.1.
const (
	ConnectionAccepted          ConnectCode = 0
	UnacceptableProtocolVersion ConnectCode = 1 // the server does not speak the protocol level asked for
	IdentifierRejected          ConnectCode = 2 // well-formed, but the server does not allow this client identifier
	ServerUnavailable           ConnectCode = 3
	BadUserNameOrPassword       ConnectCode = 4
	NotAuthorized               ConnectCode = 5
)

var connectCodes = [...]string{
	ConnectionAccepted:          "connection accepted",
	UnacceptableProtocolVersion: "unacceptable protocol version",
	IdentifierRejected:          "identifier rejected",
	ServerUnavailable:           "server unavailable",
	BadUserNameOrPassword:       "bad user name or password",
	NotAuthorized:               "not authorized",
}

// String returns the standard's words, such as "not authorized".
func (c ConnectCode) String() string {
	if int(c) < len(connectCodes) {
		return connectCodes[c]
	}
	return "reserved return code " + strconv.Itoa(int(c))
}

// Type returns CONNACK.
func (*Connack) Type() Type { return CONNACK }
func (*Connack) sealed()    {}

func (p *Connack) decode(body []byte) error {
	if body[0]&^1 != 0 {
		return &Error{CONNACK, "3.2.2.1", "reserved acknowledge flags are set"}
	}
	*p = Connack{SessionPresent: body[0] == 1, ReturnCode: ConnectCode(body[1])}
	return p.check()
}

func (p *Connack) check() error {
	if int(p.ReturnCode) >= len(connectCodes) {
		return &Error{CONNACK, "3.2.2.3", "return code is reserved"}
	}
	if p.SessionPresent && p.ReturnCode != ConnectionAccepted {
		return &Error{CONNACK, "MQTT-3.2.2-4", "session present is set in a refusal"}
	}
	return nil
}

func (p *Connack) append(dst []byte) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, err
	}
	var flags byte
	if p.SessionPresent {
		flags = 1
	}
	return append(slices.Grow(dst, 4), byte(CONNACK)<<4, 2, flags, byte(p.ReturnCode)), nil
}
