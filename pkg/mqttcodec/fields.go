package mqttcodec

// fields reads a packet's body field by field. The first field that is not legal sets err; every read after it
// returns a zero value, so that a decoder can read like the standard's tables and look at err once.
type fields struct {
	t    Type
	rest []byte
	err  error
}

func (f *fields) fail(clause, reason string) {
	if f.err == nil {
		f.err = &Error{f.t, clause, reason}
	}
	f.rest = nil
}

func (f *fields) byte(field string) byte {
	if len(f.rest) < 1 {
		f.fail("2.2.3", "packet ends before its "+field)
		return 0
	}
	v := f.rest[0]
	f.rest = f.rest[1:]
	return v
}

func (f *fields) uint16(field string) uint16 {
	if len(f.rest) < 2 {
		f.fail("2.2.3", "packet ends before its "+field)
		return 0
	}
	v := uint16(f.rest[0])<<8 | uint16(f.rest[1])
	f.rest = f.rest[2:]
	return v
}

// packetID reads the identifier of a packet that chose it itself; acknowledgements have checkAckID.
func (f *fields) packetID() uint16 {
	id := f.uint16("packet identifier")
	if f.err == nil && id == 0 {
		f.fail("MQTT-2.3.1-1", "packet identifier is 0")
	}
	return id
}

// binary reads a length of two bytes and as many bytes (section 1.5.3; the will message and the password, which are
// not text, have the same form). It never returns nil for a field that is there.
func (f *fields) binary(field string) []byte {
	if len(f.rest) < 2 {
		f.fail("2.2.3", "packet ends before its "+field)
		return nil
	}
	n := 2 + (int(f.rest[0])<<8 | int(f.rest[1]))
	if len(f.rest) < n {
		f.fail("1.5.3", field+" reaches beyond the packet")
		return nil
	}
	v := f.rest[2:n:n]
	f.rest = f.rest[n:]
	return v
}

func (f *fields) text(field string) []byte {
	s := f.binary(field)
	f.check(checkText(f.t, field, s))
	return s
}

func (f *fields) topicName(field, wildcard string) []byte {
	s := f.binary(field)
	f.check(checkTopicName(f.t, field, wildcard, s))
	return s
}

func (f *fields) topicFilter() []byte {
	s := f.binary("topic filter")
	f.check(checkTopicFilter(f.t, s))
	return s
}

func (f *fields) check(err error) {
	if f.err == nil && err != nil {
		f.err, f.rest = err, nil
	}
}

// countFilters returns how many filters, each with extra bytes behind it, rest holds at most.
func (f *fields) countFilters(extra int) (n int) {
	for b := f.rest; len(b) > 2; n++ {
		size := 2 + (int(b[0])<<8 | int(b[1])) + extra
		if len(b) < size {
			return n + 1 // not legal, which the decoder will report
		}
		b = b[size:]
	}
	return n
}

// end returns the error, which it is too if bytes are left over.
func (f *fields) end() error {
	if f.err == nil && len(f.rest) > 0 {
		f.fail("2.2.3", "bytes follow the packet's last field")
	}
	return f.err
}
