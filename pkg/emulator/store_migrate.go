package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// storeVersion is the version of the store's format that this package writes.
//
//   - Version 1 has no version number. A message that waits for its acknowledgement holds the packet id of its PUBLISH.
//   - Version 2: such a message holds the token of its delivery, and its device's session holds the packet ids by token.
const storeVersion = 2

// migrations bring records from a version to the next one, in place: migrations[0] from version 1 to 2. A record that is nil is deleted.
var migrations = []func(records map[string][]byte) error{toVersion2}

// A StoreVersionError is the error of opening a store that a newer version of this package wrote. The store is not changed.
type StoreVersionError struct {
	Found, Supported int // versions of the store's format
}

func (e *StoreVersionError) Error() string {
	return fmt.Sprintf("its format has version %d, and this emulator reads versions up to %d: use the newer emulator that wrote it, or a new store (another -data folder)",
		e.Found, e.Supported)
}

// migrate brings all records of a store to storeVersion, and returns the changes. It returns a *StoreVersionError if they are newer.
func migrate(records map[string][]byte) ([]Write, error) {
	version := storeVersion // of an empty store
	if raw, ok := records[keyVersion]; ok {
		var err error
		if version, err = strconv.Atoi(string(raw)); err != nil || version < 1 {
			return nil, fmt.Errorf("%q: the version of its format is %q: it has to be a number from 1", keyVersion, raw)
		}
	} else if len(records) > 0 {
		version = 1
	}
	if version > storeVersion {
		return nil, &StoreVersionError{Found: version, Supported: storeVersion}
	}
	before := make(map[string][]byte, len(records))
	for key, value := range records {
		before[key] = value
	}
	for ; version < storeVersion; version++ {
		if err := migrations[version-1](records); err != nil {
			return nil, fmt.Errorf("updating it from version %d: %w", version, err)
		}
	}
	records[keyVersion] = []byte(strconv.Itoa(storeVersion))
	var writes []Write
	for key, value := range records {
		if old, ok := before[key]; !ok || value == nil || !bytes.Equal(old, value) {
			writes = append(writes, Write{Key: key, Value: value})
		}
		if value == nil {
			delete(records, key)
		}
	}
	slices.SortFunc(writes, func(a, b Write) int { return strings.Compare(a.Key, b.Key) })
	return writes, nil
}

// toVersion2 moves packet ids from messages to sessions. It also deletes the record "demo", a copy of two enrollments' keys.
func toVersion2(records map[string][]byte) error {
	if _, ok := records["demo"]; ok {
		records["demo"] = nil
	}
	inFlight := make(map[string]map[uint16]uint64) // by identity
	for key, value := range records {
		rest, ok := strings.CutPrefix(key, keyQueue)
		if !ok {
			continue
		}
		_, id, _ := strings.Cut(rest, "/")
		var message map[string]json.RawMessage
		var packetID uint16
		var sequence uint64
		err := json.Unmarshal(value, &message)
		if err == nil {
			err = json.Unmarshal(message["PacketID"], &packetID)
		}
		if err == nil {
			err = json.Unmarshal(message["Sequence"], &sequence)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
		delete(message, "PacketID")
		if _, kept := records[keySession+id]; kept && packetID != 0 {
			// A message's number is a token as good as any: it is different from those of all other messages.
			message["Token"] = message["Sequence"]
			if inFlight[id] == nil {
				inFlight[id] = make(map[uint16]uint64)
			}
			inFlight[id][packetID] = sequence
		}
		records[key] = encodeJSON(message)
	}
	for id, ids := range inFlight {
		key := keySession + id
		var session map[string]json.RawMessage
		if err := json.Unmarshal(records[key], &session); err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
		session["InFlight"] = encodeJSON(ids)
		records[key] = encodeJSON(session)
	}
	return nil
}
