package devcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// lifetime is how long certificates are good for. Apple's systems refuse server certificates of more than 398 days.
	lifetime = 365 * 24 * time.Hour
	// renewal is how long before its end a certificate is made again, so that no server starts with one that runs out
	// while it is being used.
	renewal = 24 * time.Hour
	// skew is how far behind the clock of a device may be.
	skew = time.Hour
)

// Certificates are what a server and its clients need.
type Certificates struct {
	// Server is the server's certificate with its key.
	Server tls.Certificate
	// CA is the authority's certificate, and CAFile the file that holds it in PEM form: what clients have to trust.
	CA     *x509.Certificate
	CAFile string
	// NewCA says that the authority was made by this call, so nobody can have been told to trust it yet.
	NewCA bool
}

// Load returns the certificates kept in dir for a server called hostname, which may also be an IP address; localhost,
// 127.0.0.1 and ::1 are names of it too. It makes what is missing or no longer good.
func Load(dir, hostname string) (*Certificates, error) {
	if err := checkHostname(hostname); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("devcert: making the folder for the certificates: %w", err)
	}
	names := namesOf(hostname)
	certs := &Certificates{CAFile: filepath.Join(dir, "ca.pem")}
	ca, err := read(dir, "ca")
	if err != nil {
		return nil, err
	}
	if ca == nil || !current(ca.Leaf) || !names.allowedBy(ca.Leaf) {
		if ca, err = issue(dir, "ca", names.authority(), nil); err != nil {
			return nil, err
		}
		certs.NewCA = true
	}
	server, err := read(dir, "server")
	if err != nil {
		return nil, err
	}
	if server == nil || !current(server.Leaf) || !names.equal(server.Leaf) || server.Leaf.CheckSignatureFrom(ca.Leaf) != nil {
		if server, err = issue(dir, "server", names.server(), ca); err != nil {
			return nil, err
		}
	}
	certs.Server, certs.CA = *server, ca.Leaf
	return certs, nil
}

func checkHostname(hostname string) error {
	if net.ParseIP(hostname) != nil {
		return nil
	}
	for label := range strings.SplitSeq(hostname, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return fmt.Errorf("devcert: %q is not a host name; give a name like hub.example, without a port", hostname)
		}
	}
	return nil
}

// names are the subject alternative names of the server certificate.
type names struct {
	dns []string
	ips []net.IP
}

func namesOf(hostname string) names {
	n := names{dns: []string{"localhost"}, ips: []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback}}
	hostname = strings.ToLower(hostname)
	if ip := net.ParseIP(hostname); ip == nil {
		n.dns = append(n.dns, hostname)
	} else {
		if ip4 := ip.To4(); ip4 != nil {
			ip = ip4
		}
		n.ips = append(n.ips, ip)
	}
	slices.Sort(n.dns)
	n.dns = slices.Compact(n.dns)
	slices.SortFunc(n.ips, func(a, b net.IP) int { return slices.Compare(a, b) })
	n.ips = slices.CompactFunc(n.ips, net.IP.Equal)
	return n
}

// equal reports whether the certificate is for these names and no others.
func (n names) equal(c *x509.Certificate) bool {
	return slices.Equal(n.dns, c.DNSNames) && slices.EqualFunc(n.ips, c.IPAddresses, net.IP.Equal)
}

// allowedBy reports whether the authority may sign for these names.
func (n names) allowedBy(ca *x509.Certificate) bool {
	for _, name := range n.dns {
		if !slices.Contains(ca.PermittedDNSDomains, name) {
			return false
		}
	}
	for _, ip := range n.ips {
		if !slices.ContainsFunc(ca.PermittedIPRanges, func(r *net.IPNet) bool { return r.Contains(ip) }) {
			return false
		}
	}
	return true
}

func (n names) authority() *x509.Certificate {
	c := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "hubpanel development CA " + time.Now().UTC().Format("2006-01-02 15:04")},
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomains:   n.dns,
	}
	for _, ip := range n.ips {
		bits := 8 * len(ip)
		c.PermittedIPRanges = append(c.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
	}
	return c
}

func (n names) server() *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: "hubpanel development server"},
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              n.dns,
		IPAddresses:           n.ips,
	}
}

// current reports whether the certificate is good now and for a while.
func current(c *x509.Certificate) bool {
	now := time.Now()
	return !now.Before(c.NotBefore) && now.Add(renewal).Before(c.NotAfter)
}

// read returns the certificate and key stored under the name, nil when there are none or one of the two is missing.
func read(dir, name string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("devcert: %s.pem and %s-key.pem in %s do not make a certificate (%w); remove both to have new ones made", name, name, dir, err)
	}
	return &pair, nil
}

// issue makes a key and a certificate after the template, signed by the parent or, without one, by itself, and stores
// both under the name.
func issue(dir, name string, template *x509.Certificate, parent *tls.Certificate) (*tls.Certificate, error) {
	fail := func(err error) (*tls.Certificate, error) {
		return nil, fmt.Errorf("devcert: making %s.pem: %w", name, err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	// At most 20 octets and positive, RFC 5280 section 4.1.2.2.
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return fail(err)
	}
	template.NotBefore = time.Now().Add(-skew)
	template.NotAfter = template.NotBefore.Add(lifetime)
	signer, signerKey := template, any(key)
	if parent != nil {
		signer, signerKey = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, key.Public(), signerKey)
	if err != nil {
		return fail(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fail(err)
	}
	// In this order, so that an end in the middle leaves no certificate, which Load then makes, and never one that does
	// not fit its key, which would stop it.
	if err := os.Remove(filepath.Join(dir, name+".pem")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	if err := write(dir, name+"-key.pem", "PRIVATE KEY", keyDER, 0o600); err != nil {
		return fail(err)
	}
	if err := write(dir, name+".pem", "CERTIFICATE", der, 0o644); err != nil {
		return fail(err)
	}
	return read(dir, name)
}

// write stores the block in a file that is there whole or not at all, and never, for a moment, with more than its mode.
func write(dir, name, blockType string, der []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(dir, name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	err = errors.Join(
		f.Chmod(mode),
		pem.Encode(f, &pem.Block{Type: blockType, Bytes: der}),
		f.Close(),
	)
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}
