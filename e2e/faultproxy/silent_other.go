//go:build !unix

package faultproxy

import (
	"errors"
	"io"
)

func listenSilently() (string, io.Closer, error) {
	return "", nil, errors.New("it needs a Unix system")
}
