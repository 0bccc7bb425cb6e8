// Package panicking holds a test that panics.
package panicking

import "testing"

func TestPanics(t *testing.T) { panic("this test panics") }
