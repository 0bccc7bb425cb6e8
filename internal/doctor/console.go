package doctor

import "strings"

// consoleMarks are what browsers print, in their consoles and on the page of a failed address, for each cause. Pages cannot read either;
// people can. Those of Chromium are tested against Chromium (e2e); of Firefox and Safari they are what their sources and users report.
var consoleMarks = []struct {
	cause Cause
	marks []string
}{
	{NameNotResolved, []string{"err_name_not_resolved", "err_name_resolution_failed", "dns_probe", "ns_error_unknown_host", "server not found", "hostname could not be found"}},
	{PortRefused, []string{"err_connection_refused", "ns_error_connection_refused", "could not connect to the server"}},
	{ConnectionReset, []string{"err_connection_reset", "err_connection_closed", "err_empty_response", "ns_error_net_reset", "ns_error_net_interrupt", "pr_end_of_file_error", "pr_connect_reset_error", "network connection was lost"}},
	{PortDropped, []string{"err_connection_timed_out", "err_timed_out", "ns_error_net_timeout", "request timed out"}},
	{TLSNotTrusted, []string{"err_cert_", "err_ssl_", "sec_error_", "ssl_error_", "mozilla_pkix_error", "certificate for this server is invalid"}},
	{SubprotocolStripped, []string{"sent non-empty 'sec-websocket-protocol' header but no response", "sec-websocket-protocol"}},
	{HTMLAnswer, []string{"unexpected response code: 200", "unexpected response code: 302", "unexpected response code: 301", "unexpected response code: 307", "unexpected response code: 403", "unexpected response code: 407", "unexpected response code: 511"}},
	{UpgradeStripped, []string{"unexpected response code", "'upgrade' header", "'connection' header", "sec-websocket-accept"}},
	{PagePolicy, []string{"content security policy", "content-security-policy"}},
}

// ReadConsole returns the cause that a line from the browser's console, or the code on its error page, names. ok is false when it names
// none that is known.
func ReadConsole(line string) (cause Cause, ok bool) {
	line = strings.ToLower(line)
	for _, c := range consoleMarks {
		for _, mark := range c.marks {
			if strings.Contains(line, mark) {
				return c.cause, true
			}
		}
	}
	return "", false
}
