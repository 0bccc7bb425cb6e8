package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hubpanel/hubpanel/internal/devcert"
	"github.com/hubpanel/hubpanel/internal/readymade"
	"github.com/hubpanel/hubpanel/internal/site"
	"github.com/hubpanel/hubpanel/pkg/emulator"
	"github.com/hubpanel/hubpanel/pkg/emulator/boltstore"
)

const (
	headerTimeout = 10 * time.Second // for a client to send its request's header
	idleTimeout   = 2 * time.Minute  // for a connection without a request
	maxHeader     = 32 << 10         // bytes of a request's header; a SAS token has some hundred
	grace         = 3 * time.Second  // for requests to end when the server closes
)

// Options say what to serve where. At least one of HTTP and HTTPS is needed.
type Options struct {
	// HTTP, HTTPS and MQTTS are the addresses to listen on, such as "127.0.0.1:8080"; port 0 lets the kernel choose. Empty
	// means not to. HTTP and HTTPS carry the same: the page, MQTT over WebSocket, REST. MQTTS is MQTT over TLS.
	HTTP, HTTPS, MQTTS string

	// Certs is the folder of the development certificates, needed for HTTPS and MQTTS.
	Certs string

	// Hostname is the server's name in its certificate; empty means localhost.
	Hostname string

	// Data is the folder where the emulator keeps what must survive a restart; empty means memory.
	Data string

	// ConnectSrc are more hosts that the page may connect to, as site.ParseConnectSrc returns them.
	ConnectSrc []string

	// Web is the page's folder, built.
	Web fs.FS

	// Logger gets the emulator's log and that of the listeners; nil means none.
	Logger *slog.Logger
}

// Server is what Start started.
type Server struct {
	// URL is the page's, by HTTP where it listens and otherwise by HTTPS: an origin, such as "http://127.0.0.1:8080".
	URL string

	// HTTPSURL is the page's over TLS, and MQTTSAddr the address of MQTT over TLS; empty where it does not listen.
	HTTPSURL, MQTTSAddr string

	// Certificates are those of the TLS listeners; nil without any.
	Certificates *devcert.Certificates

	// Exposed are the addresses that other machines may reach.
	Exposed []string

	// Hub is the emulator, with the ready-made device and enrollments.
	Hub *emulator.Hub

	logger    *slog.Logger
	store     *boltstore.Store // nil when the hub is in memory
	servers   []*http.Server
	unused    connections    // that no request has come on
	listeners []net.Listener // those of MQTT
	cancel    context.CancelFunc
	running   sync.WaitGroup // one for each listener
	done      chan struct{}  // closed when a listener failed
	failed    sync.Once
	failure   error // set before done is closed
	closed    sync.Once
	closeErr  error
}

// Start listens, and serves from the moment it returns. When it fails it has left nothing behind but files: certificates, and
// the emulator's data.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.HTTP == "" && o.HTTPS == "" {
		return nil, errors.New("serve: the page needs -http or -https")
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	page, err := site.New(o.Web, site.Options{ConnectSrc: o.ConnectSrc})
	if err != nil {
		return nil, err
	}
	// The hub and its streams outlive the context of the start.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{Hub: &emulator.Hub{Logger: o.Logger}, logger: logger, cancel: cancel, done: make(chan struct{})}
	if err := s.start(ctx, base, o, page); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx, base context.Context, o Options, page *site.Site) error {
	hostname := o.Hostname
	if hostname == "" {
		hostname = "localhost"
	}
	var tlsConfig *tls.Config
	if o.HTTPS != "" || o.MQTTS != "" {
		if o.Certs == "" {
			return errors.New("serve: -https and -mqtts need -certs, a folder for the development certificates")
		}
		var err error
		if s.Certificates, err = devcert.Load(o.Certs, hostname); err != nil {
			return err
		}
		tlsConfig = &tls.Config{
			MinVersion:   tls.VersionTLS12,
			Certificates: []tls.Certificate{s.Certificates.Server},
			// Devices with X.509 show one; the emulator decides whom it belongs to.
			ClientAuth: tls.RequestClientCert,
		}
	}
	if o.Data != "" {
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			return fmt.Errorf("serve: making the folder for the emulator's data: %w", err)
		}
		store, err := boltstore.Open(filepath.Join(o.Data, "hub.db"))
		if err != nil {
			return err
		}
		s.store, s.Hub.Store = store, store
	}
	if err := readymade.Prepare(ctx, s.Hub); err != nil {
		return fmt.Errorf("serve: preparing the emulator: %w", err)
	}

	handler := route(page, s.Hub)
	if o.HTTP != "" {
		l, err := s.listen(ctx, o.HTTP)
		if err != nil {
			return err
		}
		s.URL = origin("http", l.Addr(), "127.0.0.1")
		s.serveHTTP(base, l, handler, nil)
	}
	if o.HTTPS != "" {
		l, err := s.listen(ctx, o.HTTPS)
		if err != nil {
			return err
		}
		s.HTTPSURL = origin("https", l.Addr(), hostname)
		if s.URL == "" {
			s.URL = s.HTTPSURL
		}
		s.serveHTTP(base, l, handler, tlsConfig)
	}
	if o.MQTTS != "" {
		l, err := s.listen(ctx, o.MQTTS)
		if err != nil {
			return err
		}
		s.MQTTSAddr = l.Addr().String()
		l = tls.NewListener(l, tlsConfig)
		s.listeners = append(s.listeners, l)
		s.running.Go(func() { s.stopped(s.MQTTSAddr, s.Hub.ServeMQTT(l)) })
	}
	return nil
}

func (s *Server) listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		s.Exposed = append(s.Exposed, l.Addr().String())
	}
	return l, nil
}

// serveHTTP serves on l, over TLS if there is a configuration for it.
func (s *Server) serveHTTP(base context.Context, l net.Listener, handler http.Handler, config *tls.Config) {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         config.Clone(), // nil stays nil
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnState:         s.unused.track,
	}
	s.servers = append(s.servers, server)
	s.running.Go(func() {
		if config == nil {
			s.stopped(l.Addr().String(), server.Serve(l))
		} else {
			s.stopped(l.Addr().String(), server.ServeTLS(l, "", ""))
		}
	})
}

// stopped notes that a listener serves no longer, which is a failure unless the server is being closed.
func (s *Server) stopped(address string, err error) {
	if err == nil || errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return
	}
	s.failed.Do(func() {
		s.failure = fmt.Errorf("serve: %s: %w", address, err)
		close(s.done)
	})
}

// Done is closed when a listener fails while it should serve. Close then says why.
func (s *Server) Done() <-chan struct{} { return s.done }

// Close ends every listener, connection and stream, waits until they have ended, and closes the store. Its error is that of
// a listener that had failed, or that of what was not stored.
func (s *Server) Close() error {
	s.closed.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		var shutdown sync.WaitGroup
		for _, server := range s.servers {
			shutdown.Go(func() {
				if server.Shutdown(ctx) != nil {
					server.Close()
				}
			})
		}
		for _, l := range s.listeners {
			l.Close()
		}
		s.unused.close()
		// Devices and event streams would hold a shutdown for as long as they like; the hub ends them.
		hubErr := s.Hub.Close()
		s.cancel()
		shutdown.Wait()
		s.running.Wait()
		var storeErr error
		if s.store != nil {
			storeErr = s.store.Close()
		}
		s.closeErr = errors.Join(s.failure, hubErr, storeErr)
	})
	return s.closeErr
}

// route gives each request to the page or to the emulator.
func route(page *site.Site, hub *emulator.Hub) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reads && page.Has(r.URL.Path) && !isUpgrade(r) {
			page.ServeHTTP(w, r)
			return
		}
		hub.ServeHTTP(w, r)
	})
}

// isUpgrade reports whether the request asks for another protocol, which can only be WebSocket here [RFC 6455, 4.1].
func isUpgrade(r *http.Request) bool {
	for _, value := range r.Header.Values("Connection") {
		for token := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

// origin is where to open a listener's page. A listener on every interface has no address of its own, so it is
// called by name.
func origin(scheme string, addr net.Addr, name string) string {
	host, port, _ := net.SplitHostPort(addr.String())
	ip := net.ParseIP(host)
	if scheme == "https" || ip.IsUnspecified() {
		host = name
	}
	if (scheme == "http" && port == "80") || (scheme == "https" && port == "443") {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
