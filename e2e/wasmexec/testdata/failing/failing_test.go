// Package failing holds a test that fails.
package failing

import "testing"

func TestFails(t *testing.T) { t.Error("this test fails") }
