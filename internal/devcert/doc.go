// Package devcert makes the certificates that a development server needs: an authority that exists on this machine only,
// and a server certificate signed by it. Device SDKs insist on TLS, and on a certificate they can verify: with the
// authority's certificate given to them (NODE_EXTRA_CA_CERTS and the like) they connect to the emulator as to the real hub.
//
// Certificates that are meant for anybody but the person at this machine do not belong here.
//
// # Usage
//
//	certs, err := devcert.Load("certs", "localhost")
//	config := &tls.Config{Certificates: []tls.Certificate{certs.Server}}
//	fmt.Println("trust", certs.CAFile)
//
// Load makes what is missing and keeps what is good, so the authority has to be trusted once a year. It makes the server
// certificate again when it has expired, or is about to, or is for other names, and the authority too when it has
// expired or is for another host name.
//
// # Limitations
//
// Whoever reads the authority's key can pretend to be the hosts it was made for to those who trust it. It is written
// with mode 0600 into a folder of mode 0700, and the authority's certificate limits what it may sign to its host name,
// localhost and this machine's own addresses (RFC 5280 section 4.2.1.10). The limit is not marked critical, as the RFC
// would have it, since small TLS stacks on devices refuse critical extensions that they do not know.
package devcert
