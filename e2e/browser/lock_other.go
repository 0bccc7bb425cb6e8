//go:build !unix

package browser

import "errors"

func lockFile(string) (unlock func(), err error) {
	return nil, errors.New("this is not a Debian system")
}
