//go:build !js

package emulator

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// checkCA reports why a certificate cannot sign devices' certificates.
func checkCA(der []byte) error {
	ca, err := x509.ParseCertificate(der)
	if err == nil && !ca.IsCA {
		err = errors.New("the certificate is not a CA's: its basic constraints lack CA:TRUE")
	}
	return err
}

// certificateOf returns the parts of a client certificate that authentication needs, or nil when there was none. TLS has proved that the
// client holds its key, and has not checked its issuer.
func certificateOf(state tls.ConnectionState) *certificate {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	leaf, chain := state.PeerCertificates[0], state.PeerCertificates[1:]
	return &certificate{
		commonName: leaf.Subject.CommonName,
		sha1:       fmt.Sprintf("%X", sha1.Sum(leaf.Raw)), // the registry's thumbprints may be of either kind
		sha256:     fmt.Sprintf("%X", sha256.Sum256(leaf.Raw)),
		signedBy: func(der []byte) bool {
			ca, err := x509.ParseCertificate(der)
			if err != nil {
				return false
			}
			roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
			roots.AddCert(ca)
			for _, c := range chain {
				intermediates.AddCert(c)
			}
			_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
			return err == nil
		},
	}
}
