//go:build !js

package wstest

import (
	"bufio"
	"encoding/binary"
	"io"
)

// The opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
)

const abnormal = 1006 // the code of a connection that ended without a close frame

// appendFrame appends a frame as a server sends it: without a mask.
func appendFrame(dst []byte, fin bool, opcode byte, payload []byte) []byte {
	if fin {
		opcode |= 0x80
	}
	dst = append(dst, opcode)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = append(dst, 126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, 127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, payload...)
}

// appendClose appends a close frame.
func appendClose(dst []byte, code uint16, reason string) []byte {
	return appendFrame(dst, true, opClose, append(binary.BigEndian.AppendUint16(nil, code), reason...))
}

// readMessage reads a message of a client, which browsers cut in fragments when it is
// large, or a control frame. No control frame comes between fragments here.
func readMessage(r *bufio.Reader) (opcode byte, payload []byte, err error) {
	fin, opcode, payload, err := readFrame(r)
	for err == nil && !fin {
		var more []byte
		fin, _, more, err = readFrame(r)
		payload = append(payload, more...)
	}
	return opcode, payload, err
}

// readFrame reads a frame of a client.
func readFrame(r *bufio.Reader) (fin bool, opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return false, 0, nil, err
	}
	size := uint64(head[1] & 0x7f)
	switch size {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(r, b[:])
		size = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(r, b[:])
		size = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return false, 0, nil, err
	}
	var mask [4]byte
	if _, err := io.ReadFull(r, mask[:]); err != nil {
		return false, 0, nil, err
	}
	payload = make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return false, 0, nil, err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0]&0x80 != 0, head[0] & 0x0f, payload, nil
}
