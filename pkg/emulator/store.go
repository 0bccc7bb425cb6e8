package emulator

import "context"

// A Store keeps the durable state of a Hub: a flat map of keys to values. The hub calls it from one goroutine at a time and
// never while it holds a lock. A nil Store means memory only. Package boltstore has one on a disk.
//
// Values hold the registry's keys, so a store holds secrets: nobody but its owner may read its file.
type Store interface {
	// Each calls f with every pair until f returns an error, which it returns. f may keep the value.
	Each(ctx context.Context, f func(key string, value []byte) error) error

	// Commit applies all writes or none. When it returns nil they are durable: they survive the end of the process.
	Commit(ctx context.Context, writes []Write) error
}

// A Write puts Value under Key, or deletes Key when Value is nil.
type Write struct {
	Key   string
	Value []byte
}
