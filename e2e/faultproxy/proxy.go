package faultproxy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Fault is what a Proxy does instead of passing bytes on.
type Fault int

// The faults.
const (
	None       Fault = iota // passes everything on
	Closed                  // nothing listens: connections are refused
	Silent                  // the port drops every SYN, as a firewall does that drops without a word
	Reset                   // accepts, and resets the connection at once
	Mute                    // accepts, and says nothing
	MuteInTLS               // shakes hands with TLS, and then says nothing
	HTML                    // answers every request with a page of its own, status 200, as a portal or a filter does
	NoUpgrade               // takes Upgrade and Connection out of requests, as a proxy does that does not know WebSocket
	NoProtocol              // takes Sec-WebSocket-Protocol out of answers
	IdleCut                 // cuts a connection on which nothing has gone for Options.Idle
)

// Options say what a Proxy is.
type Options struct {
	Fault    Fault
	Upstream string          // host:port of the hub, which speaks plain HTTP there
	TLS      tls.Certificate // with this certificate; without one the proxy speaks plain HTTP
	Idle     time.Duration   // of IdleCut
}

// A Proxy is a listener with a fault. Make it with Start, end it with Close.
type Proxy struct {
	o        Options
	listener net.Listener // nil when Closed or Silent
	addr     string
	silent   io.Closer
	work     sync.WaitGroup

	mu     sync.Mutex // guards what follows
	open   map[net.Conn]bool
	closed bool
	count  int
}

// Start starts a proxy on a loopback port.
func Start(o Options) (*Proxy, error) {
	p := &Proxy{o: o, open: make(map[net.Conn]bool)}
	if o.Fault == Silent {
		addr, silent, err := listenSilently()
		if err != nil {
			return nil, fmt.Errorf("faultproxy: a port that drops every SYN: %w", err)
		}
		p.addr, p.silent = addr, silent
		return p, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("faultproxy: %w", err)
	}
	p.addr = l.Addr().String()
	if o.Fault == Closed { // the port was ours a moment ago, so it is most likely nobody's now
		return p, l.Close()
	}
	p.listener = l
	p.work.Go(p.accept)
	return p, nil
}

// Addr is host:port of the proxy.
func (p *Proxy) Addr() string { return p.addr }

// Connections is how many connections were accepted so far.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Close ends every connection and waits.
func (p *Proxy) Close() error {
	var err error
	if p.listener != nil {
		err = p.listener.Close()
	}
	if p.silent != nil {
		err = errors.Join(err, p.silent.Close())
	}
	p.mu.Lock()
	p.closed = true
	for c := range p.open {
		c.Close()
	}
	p.mu.Unlock()
	p.work.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return // Close
		}
		if p.hold(c) {
			p.mu.Lock()
			p.count++
			p.mu.Unlock()
			p.work.Go(func() {
				defer p.drop(c)
				p.serve(c)
			})
		}
	}
}

// hold remembers a connection for Close. It closes it and returns false when it is too late.
func (p *Proxy) hold(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.Close()
		return false
	}
	p.open[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	c.Close()
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
}

func (p *Proxy) serve(c net.Conn) {
	switch p.o.Fault {
	case Reset:
		_ = c.(*net.TCPConn).SetLinger(0)
		return
	case Mute:
		_, _ = io.Copy(io.Discard, c)
		return
	}
	client := c
	if len(p.o.TLS.Certificate) > 0 {
		secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{p.o.TLS}, NextProtos: []string{"http/1.1"}})
		if secure.Handshake() != nil {
			return // the client did not trust it
		}
		client = secure
	}
	switch p.o.Fault {
	case MuteInTLS:
		_, _ = io.Copy(io.Discard, client)
	case HTML:
		p.answerHTML(client)
	default:
		p.relay(client)
	}
}

// page is what a filter or a captive portal shows.
const page = "<!doctype html><title>Access denied</title><h1>Access denied</h1><p>Category: Internet of Things\n"

func (p *Proxy) answerHTML(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", len(page), page); err != nil {
			return
		}
	}
}

// relay passes one request on, changed as the fault wants, then its answer, and then bytes both ways.
func (p *Proxy) relay(client net.Conn) {
	in := bufio.NewReader(client)
	request, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	hub, err := net.Dial("tcp", p.o.Upstream)
	if err != nil {
		return
	}
	if !p.hold(hub) {
		return
	}
	defer p.drop(hub)
	if p.o.Fault == NoUpgrade {
		request.Header.Del("Upgrade")
		request.Header.Del("Connection")
	}
	var head bytes.Buffer
	if err := request.Write(&head); err != nil {
		return
	}
	if _, err := hub.Write(head.Bytes()); err != nil {
		return
	}
	out := bufio.NewReader(hub)
	response, err := http.ReadResponse(out, request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if p.o.Fault == NoProtocol {
		response.Header.Del("Sec-Websocket-Protocol")
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		response.Close = true // one request a connection is enough for a test
		_ = response.Write(client)
		return
	}
	// Response.Write would add a body's framing, which an upgrade does not have.
	var answer bytes.Buffer
	fmt.Fprintf(&answer, "HTTP/1.1 %s\r\n", response.Status)
	_ = response.Header.Write(&answer)
	answer.WriteString("\r\n")
	if _, err := client.Write(answer.Bytes()); err != nil {
		return
	}
	var cut *time.Timer
	if p.o.Fault == IdleCut {
		cut = time.AfterFunc(p.o.Idle, func() { client.Close(); hub.Close() })
		defer cut.Stop()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.copy(hub, in, cut)
		hub.Close()
	}()
	p.copy(client, out, cut)
	client.Close()
	<-done
}

// copy passes bytes on, and winds up the timer of an idle connection with each.
func (p *Proxy) copy(to io.Writer, from io.Reader, cut *time.Timer) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if cut != nil {
				cut.Reset(p.o.Idle)
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
