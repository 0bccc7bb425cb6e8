// Package boltstore keeps an emulator's state in one file, with go.etcd.io/bbolt. It is a package of its own, so that a page that
// carries the emulator does not carry a database. The emulator, and the meaning of keys and values, are in package emulator.
//
// # Usage
//
//	store, err := boltstore.Open(filepath.Join(dir, "hub.db"))
//	...
//	defer store.Close()
//	hub := emulator.Hub{Store: store}
//	defer hub.Close() // before the store
//
// # Concurrency
//
// A Store may be used from several goroutines. Only one process at a time may have the file open.
//
// # Limitations
//
// The file holds the keys of devices in the clear. It is made with mode 0600.
package boltstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/hubpanel/hubpanel/pkg/emulator"
)

// lockTimeout is how long Open waits for another process to let go of the file: one that is just ending does so in less.
const lockTimeout = 2 * time.Second

var bucket = []byte("hub")

// A Store is an emulator.Store in a file.
type Store struct{ db *bolt.DB }

var _ emulator.Store = (*Store)(nil)

// Open opens the file at path, and makes it if it is not there; its directory has to be.
func Open(path string) (*Store, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("boltstore: %s is in use by another process: end it, or use another directory", path)
	}
	if err != nil {
		return nil, fmt.Errorf("boltstore: opening %s: %w", path, err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	}); err != nil {
		return nil, errors.Join(fmt.Errorf("boltstore: preparing %s: %w", path, err), db.Close())
	}
	return &Store{db}, nil
}

// Each implements emulator.Store. It goes through the keys in their order.
func (s *Store) Each(ctx context.Context, f func(key string, value []byte) error) error {
	return s.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(key, value []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(string(key), append([]byte(nil), value...)) // value is the database's own memory
		})
	})
}

// Commit implements emulator.Store: one transaction, on the disk (fsync) when it returns nil.
func (s *Store) Commit(ctx context.Context, writes []emulator.Write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		for _, w := range writes {
			var err error
			if w.Value == nil {
				err = b.Delete([]byte(w.Key))
			} else {
				err = b.Put([]byte(w.Key), w.Value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Close waits for transactions under way and closes the file.
func (s *Store) Close() error { return s.db.Close() }
