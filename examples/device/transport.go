package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/hubpanel/hubpanel/pkg/hubclient"
)

// A carrier is how the device reaches its hub.
type carrier struct {
	dial       func(ctx context.Context, url string) (net.Conn, error) // nil: a WebSocket
	serverTime func(context.Context) (time.Time, error)
}

// transport reads the carrier from the environment.
func transport(credentials hubclient.Credentials) (carrier, error) {
	host := credentials.Host
	if credentials.Gateway != "" {
		host = credentials.Gateway
	}
	switch name := os.Getenv("IOTHUB_DEVICE_TRANSPORT"); name {
	case "", "websocket":
		if credentials.X509 {
			return carrier{}, fmt.Errorf("a device with a certificate needs IOTHUB_DEVICE_TRANSPORT=mqtts")
		}
		return carrier{serverTime: hubclient.ServerDate(host, nil)}, nil
	case "mqtts":
		config, err := tlsConfig(credentials.X509)
		if err != nil {
			return carrier{}, err
		}
		return carrier{dial: hubclient.DialTLS(config), serverTime: hubclient.ServerDate(host, config)}, nil
	default:
		return carrier{}, fmt.Errorf("IOTHUB_DEVICE_TRANSPORT is %q: set it to websocket or mqtts", name)
	}
}

// tlsConfig reads the device's certificate, and an authority to trust in addition to the system's.
func tlsConfig(withCertificate bool) (*tls.Config, error) {
	config := new(tls.Config)
	if withCertificate {
		certificate, err := tls.LoadX509KeyPair(os.Getenv("X509_CERT_FILE"), os.Getenv("X509_KEY_FILE"))
		if err != nil {
			return nil, fmt.Errorf("X509_CERT_FILE, X509_KEY_FILE: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	if file := os.Getenv("IOTHUB_CA_FILE"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("IOTHUB_CA_FILE: %w", err)
		}
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("the system's authorities: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("IOTHUB_CA_FILE: %s holds no certificate", file)
		}
		config.RootCAs = roots
	}
	return config, nil
}
