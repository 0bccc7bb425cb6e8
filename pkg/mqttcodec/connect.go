package mqttcodec

import "slices"

// Connect asks the server for a connection; it is the first packet of a client (section 3.1). The string
// "MQTT" and level 4 need not be filled in to encode it; decoding accepts no others.
type Connect struct {
	ProtocolName  []byte // "MQTT" [MQTT-3.1.2-1]; nil encodes as that
	ProtocolLevel byte   // 4 [MQTT-3.1.2-2]; 0 encodes as that
	CleanSession  bool   // start without the state of earlier connections, keep none after this one
	KeepAlive     uint16 // seconds; 0 turns the mechanism off
	// ClientID identifies the session. Empty asks the server to choose one, which needs CleanSession [MQTT-3.1.3-7]:
	// encoding insists, decoding hands the packet over, since a server must answer it [MQTT-3.1.3-8].
	ClientID     []byte
	WillFlag     bool   // the server publishes the will when the connection ends without a DISCONNECT
	WillQoS      QoS    // 0 without WillFlag [MQTT-3.1.2-13]
	WillRetain   bool   // false without WillFlag [MQTT-3.1.2-15]
	WillTopic    []byte // a topic name; nil without WillFlag
	WillMessage  []byte // at most 65,535 bytes, possibly none; nil without WillFlag
	UserNameFlag bool
	UserName     []byte // a UTF-8 string; nil without UserNameFlag
	PasswordFlag bool   // needs UserNameFlag [MQTT-3.1.2-22]
	Password     []byte // at most 65,535 bytes of any kind; nil without PasswordFlag
}

// The bits of the connect flags (section 3.1.2.3, figure 3.4).
const (
	connectReserved     = 1 << 0
	connectCleanSession = 1 << 1
	connectWillFlag     = 1 << 2
	connectWillQoS      = 3 << 3
	connectWillRetain   = 1 << 5
	connectPasswordFlag = 1 << 6
	connectUserNameFlag = 1 << 7
)

const (
	protocolName  = "MQTT"
	protocolLevel = 4
)

// Type returns CONNECT.
func (*Connect) Type() Type { return CONNECT }
func (*Connect) sealed()    {}

// decode reads a CONNECT. After its error a server has to close the connection without a CONNACK [MQTT-3.1.4-1], except that
// another protocol level is answered first.
func (p *Connect) decode(body []byte) error {
	*p = Connect{}
	f := fields{t: CONNECT, rest: body}
	p.ProtocolName = f.binary("protocol name")
	p.ProtocolLevel = f.byte("protocol level")
	switch { // before the rest is read: in another protocol it may have any form
	case f.err != nil:
		return f.err
	case string(p.ProtocolName) != protocolName:
		return &Error{CONNECT, "MQTT-3.1.2-1", "protocol name is not \"MQTT\""}
	case p.ProtocolLevel != protocolLevel: // a server answers 0x01
		return &Error{CONNECT, "MQTT-3.1.2-2", "protocol level is not 4"}
	}
	flags := f.byte("connect flags")
	if f.err != nil {
		return f.err
	}
	if err := p.setFlags(flags); err != nil {
		return err
	}
	p.KeepAlive = f.uint16("keep alive")

	// The payload, in this order [MQTT-3.1.3-1]; each optional field has a flag.
	p.ClientID = f.text("client identifier") // [MQTT-3.1.3-3], [MQTT-3.1.3-4]
	if p.WillFlag {                          // [MQTT-3.1.2-9]
		p.WillTopic = f.topicName("will topic", "MQTT-4.7.1-1") // [MQTT-3.1.3-10]
		p.WillMessage = f.binary("will message")
	}
	if p.UserNameFlag { // [MQTT-3.1.2-18], [MQTT-3.1.2-19]
		p.UserName = f.text("user name") // [MQTT-3.1.3-11]
	}
	if p.PasswordFlag { // [MQTT-3.1.2-20], [MQTT-3.1.2-21]
		p.Password = f.binary("password")
	}
	return f.end()
}

func (p *Connect) setFlags(flags byte) error {
	p.CleanSession = flags&connectCleanSession != 0
	p.WillFlag = flags&connectWillFlag != 0
	p.WillQoS = QoS(flags & connectWillQoS >> 3)
	p.WillRetain = flags&connectWillRetain != 0
	p.PasswordFlag = flags&connectPasswordFlag != 0
	p.UserNameFlag = flags&connectUserNameFlag != 0
	if flags&connectReserved != 0 {
		return &Error{CONNECT, "MQTT-3.1.2-3", "reserved connect flag is set"}
	}
	return p.checkFlags()
}

// checkFlags checks the rules among the connect flags, for both directions.
func (p *Connect) checkFlags() error {
	switch {
	case p.WillFlag && p.WillQoS > QoS2:
		return &Error{CONNECT, "MQTT-3.1.2-14", "will QoS is above 2"}
	case !p.WillFlag && p.WillQoS != QoS0:
		return &Error{CONNECT, "MQTT-3.1.2-13", "will QoS is set without a will"}
	case !p.WillFlag && p.WillRetain:
		return &Error{CONNECT, "MQTT-3.1.2-15", "will retain is set without a will"}
	case p.PasswordFlag && !p.UserNameFlag:
		return &Error{CONNECT, "MQTT-3.1.2-22", "password flag is set without the user name flag"}
	}
	return nil
}

// check validates p for encoding and returns its remaining length.
func (p *Connect) check() (remaining int, err error) {
	switch {
	case p.ProtocolName != nil && string(p.ProtocolName) != protocolName:
		return 0, &Error{CONNECT, "MQTT-3.1.2-1", "protocol name is not \"MQTT\""}
	case p.ProtocolLevel != 0 && p.ProtocolLevel != protocolLevel:
		return 0, &Error{CONNECT, "MQTT-3.1.2-2", "protocol level is not 4"}
	case len(p.ClientID) == 0 && !p.CleanSession:
		return 0, &Error{CONNECT, "MQTT-3.1.3-7", "client identifier is empty without clean session"}
	case !p.WillFlag && len(p.WillTopic)+len(p.WillMessage) > 0:
		return 0, &Error{CONNECT, "MQTT-3.1.2-11", "will topic or message is given without the will flag"}
	case !p.UserNameFlag && len(p.UserName) > 0:
		return 0, &Error{CONNECT, "MQTT-3.1.2-18", "user name is given without the user name flag"}
	case !p.PasswordFlag && len(p.Password) > 0:
		return 0, &Error{CONNECT, "MQTT-3.1.2-20", "password is given without the password flag"}
	}
	if err := p.checkFlags(); err != nil {
		return 0, err
	}
	remaining = 2 + len(protocolName) + 1 + 1 + 2 // the variable header (section 3.1.2)
	remaining += 2 + len(p.ClientID)
	if err := checkString(CONNECT, "client identifier", p.ClientID); err != nil {
		return 0, err
	}
	if p.WillFlag {
		remaining += 2 + len(p.WillTopic) + 2 + len(p.WillMessage)
		if err := checkTopicName(CONNECT, "will topic", "MQTT-4.7.1-1", p.WillTopic); err != nil {
			return 0, err
		}
		if err := checkLength(CONNECT, "will message", p.WillMessage); err != nil {
			return 0, err
		}
	}
	if p.UserNameFlag {
		remaining += 2 + len(p.UserName)
		if err := checkString(CONNECT, "user name", p.UserName); err != nil {
			return 0, err
		}
	}
	if p.PasswordFlag {
		remaining += 2 + len(p.Password)
		if err := checkLength(CONNECT, "password", p.Password); err != nil {
			return 0, err
		}
	}
	return remaining, nil
}

func (p *Connect) append(dst []byte) ([]byte, error) {
	remaining, err := p.check()
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, 1+lengthSize(remaining)+remaining)
	dst = appendLength(append(dst, byte(CONNECT)<<4), remaining)
	dst = append(dst, 0, byte(len(protocolName)))
	dst = append(dst, protocolName...)
	dst = append(dst, protocolLevel, p.flags(), byte(p.KeepAlive>>8), byte(p.KeepAlive))
	dst = appendString(dst, p.ClientID)
	if p.WillFlag {
		dst = appendString(dst, p.WillTopic)
		dst = appendString(dst, p.WillMessage)
	}
	if p.UserNameFlag {
		dst = appendString(dst, p.UserName)
	}
	if p.PasswordFlag {
		dst = appendString(dst, p.Password)
	}
	return dst, nil
}

func (p *Connect) flags() (flags byte) {
	if p.CleanSession {
		flags |= connectCleanSession
	}
	if p.WillFlag {
		flags |= connectWillFlag | byte(p.WillQoS)<<3
	}
	if p.WillRetain {
		flags |= connectWillRetain
	}
	if p.PasswordFlag {
		flags |= connectPasswordFlag
	}
	if p.UserNameFlag {
		flags |= connectUserNameFlag
	}
	return flags
}
