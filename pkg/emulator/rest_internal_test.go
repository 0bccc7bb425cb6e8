package emulator

import (
	"strings"
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

func TestNothingWithoutAuthorisation(t *testing.T) {
	var h Hub
	defer h.Close()
	open := map[string]bool{"GET /emulator/info": true, "GET /healthz": true}
	for _, r := range routes {
		name := r.method + " " + r.path
		res := h.Do(t.Context(), &Request{Method: r.method, Path: strings.ReplaceAll(r.path, "{}", "x"), Host: "hub.test", Body: []byte("{}")})
		switch {
		case !open[name]:
			require.Equal(t, 401, res.Status, name)
		case name == "GET /emulator/info":
			require.Equal(t, 403, res.Status, "it holds keys: loopback only")
		default:
			require.Equal(t, 200, res.Status, name)
		}
		require.NotContains(t, string(res.Body), "SharedAccessKey", name)
		delete(open, name)
	}
	require.Empty(t, open)
}
