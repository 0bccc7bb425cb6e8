package emulator

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIfMatch(t *testing.T) {
	for header, want := range map[string]string{
		"":                 "absent",
		"*":                "*",
		`"*"`:              "*",
		`"AAAAAAAAAAc="`:   "AAAAAAAAAAc=",
		`W/"AAAAAAAAAAc="`: "AAAAAAAAAAc=",
		"W/dcb5JbUkE=":     "W/dcb5JbUkE=",
		"AAAAAAAAAAc=":     "AAAAAAAAAAc=",
	} {
		x := &exchange{Request: &Request{Header: map[string]string{"if-match": header}}}
		require.Equal(t, want, x.ifMatch("absent"), header)
	}
}
