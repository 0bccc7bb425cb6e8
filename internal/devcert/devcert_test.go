package devcert

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// verify does what a client does that trusts only the authority and calls the server by the name.
func verify(certs *Certificates, name string) error {
	roots := x509.NewCertPool()
	roots.AddCert(certs.CA)
	_, err := certs.Server.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
	return err
}

func TestServerIsTrustedUnderEachOfItsNames(t *testing.T) {
	certs, err := Load(t.TempDir(), "hub.example")
	require.NoError(t, err)
	for _, name := range []string{"hub.example", "localhost", "127.0.0.1", "::1"} {
		require.NoError(t, verify(certs, name), name)
	}
	for _, name := range []string{"example", "other.example", "127.0.0.2"} {
		require.Error(t, verify(certs, name), name)
	}

	addressed, err := Load(t.TempDir(), "192.0.2.7")
	require.NoError(t, err)
	require.NoError(t, verify(addressed, "192.0.2.7"))
	require.NoError(t, verify(addressed, "localhost"))
}

func TestFilesAreKeptAndTheirKeysAreSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	first, err := Load(dir, "localhost")
	require.NoError(t, err)
	require.True(t, first.NewCA)
	require.Equal(t, filepath.Join(dir, "ca.pem"), first.CAFile)

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	modes := map[string]os.FileMode{}
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(t, err)
		modes[entry.Name()] = info.Mode()
	}
	require.Equal(t, map[string]os.FileMode{"ca.pem": 0o644, "ca-key.pem": 0o600, "server.pem": 0o644, "server-key.pem": 0o600}, modes)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	again, err := Load(dir, "localhost")
	require.NoError(t, err)
	require.False(t, again.NewCA)
	require.Equal(t, first.CA.Raw, again.CA.Raw)
	require.Equal(t, first.Server.Certificate, again.Server.Certificate)
}

func TestMadeAnewBeforeTheyExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first, err := Load(dir, "localhost")
		require.NoError(t, err)
		require.Equal(t, lifetime, first.CA.NotAfter.Sub(first.CA.NotBefore))

		time.Sleep(lifetime - skew - renewal - time.Second)
		kept, err := Load(dir, "localhost")
		require.NoError(t, err)
		require.Equal(t, first.CA.Raw, kept.CA.Raw)

		time.Sleep(2 * time.Second)
		renewed, err := Load(dir, "localhost")
		require.NoError(t, err)
		require.True(t, renewed.NewCA)
		require.NotEqual(t, first.CA.RawSubject, renewed.CA.RawSubject, "the two must be told apart in a list of authorities")
		require.True(t, renewed.Server.Leaf.NotAfter.After(time.Now().Add(lifetime-2*skew)))
		require.NoError(t, verify(renewed, "localhost"))
	})
}

func TestOtherNamesNeedOtherCertificates(t *testing.T) {
	dir := t.TempDir()
	local, err := Load(dir, "LOCALHOST")
	require.NoError(t, err)
	other, err := Load(dir, "hub.example")
	require.NoError(t, err)
	require.True(t, other.NewCA, "the first authority may not sign for hub.example")
	require.NoError(t, verify(other, "hub.example"))

	back, err := Load(dir, "localhost")
	require.NoError(t, err)
	require.False(t, back.NewCA, "the second one may sign for localhost")
	require.Equal(t, local.Server.Leaf.DNSNames, back.Server.Leaf.DNSNames)
	require.NoError(t, verify(back, "localhost"))
}

func TestAuthorityIsLimitedToItsNames(t *testing.T) {
	certs, err := Load(t.TempDir(), "localhost")
	require.NoError(t, err)
	ca := &tls.Certificate{Leaf: certs.CA}
	pair, err := tls.LoadX509KeyPair(certs.CAFile, filepath.Join(filepath.Dir(certs.CAFile), "ca-key.pem"))
	require.NoError(t, err)
	ca.PrivateKey = pair.PrivateKey

	forged, err := issue(t.TempDir(), "server", names{dns: []string{"bank.example"}}.server(), ca)
	require.NoError(t, err)
	err = verify(&Certificates{Server: *forged, CA: certs.CA}, "bank.example")
	var invalid x509.CertificateInvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, x509.CANotAuthorizedForThisName, invalid.Reason)
}

func TestHalfAPairIsMadeAnewAndABrokenOneIsSaid(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(dir, "localhost")
	require.NoError(t, err)

	require.NoError(t, os.Remove(filepath.Join(dir, "ca-key.pem")))
	certs, err := Load(dir, "localhost")
	require.NoError(t, err)
	require.True(t, certs.NewCA)
	require.NoError(t, verify(certs, "localhost"), "the server's certificate follows the authority's")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "server.pem"), []byte("not a certificate"), 0o644))
	_, err = Load(dir, "localhost")
	require.ErrorContains(t, err, "server.pem")
	require.ErrorContains(t, err, "remove both")
}

func TestBadArguments(t *testing.T) {
	for _, hostname := range []string{"", "hub.example:443", "https://hub.example", "a..b", "ä.example"} {
		_, err := Load(t.TempDir(), hostname)
		require.ErrorContains(t, err, "not a host name", hostname)
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Load(file, "localhost")
	require.ErrorContains(t, err, "folder for the certificates")
}
