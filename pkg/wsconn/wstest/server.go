//go:build !js

package wstest

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"sync"
)

// A Server is an http.Handler that plays the scripts of the package's doc. The zero value is ready.
type Server struct {
	mu      sync.Mutex
	conns   map[net.Conn]string // to the name of its script
	signals map[string]chan string
	closed  bool
	running sync.WaitGroup
}

// Close ends every connection and waits until its script has ended.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	for _, ch := range s.signals {
		close(ch)
	}
	s.mu.Unlock()
	s.running.Wait()
}

// channel returns the channel of a key, which holds one signal.
func (s *Server) channel(key string) chan string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signals == nil {
		s.signals = make(map[string]chan string)
	}
	if s.signals[key] == nil {
		s.signals[key] = make(chan string, 1)
		if s.closed {
			close(s.signals[key])
		}
	}
	return s.signals[key]
}

// signal keeps what was signalled under a key until it is fetched.
func (s *Server) signal(key, text string) {
	ch := s.channel(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || key == "" {
		return
	}
	select {
	case ch <- text:
	default: // a key serves once
	}
}

// add registers a connection for Close. It reports false after Close.
func (s *Server) add(c net.Conn, script string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.conns == nil {
		s.conns = make(map[net.Conn]string)
	}
	s.conns[c] = script
	s.running.Add(1)
	return true
}

// count returns how many connections a script has.
func (s *Server) count(script string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.conns {
		if name == script {
			n++
		}
	}
	return n
}

func (s *Server) remove(c net.Conn) {
	c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.running.Done()
}

// ServeHTTP plays the script that the request names.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	script, query := path.Base(r.URL.Path), r.URL.Query()
	if script == "refuse" {
		status, err := strconv.Atoi(query.Get("status"))
		if err != nil {
			status = http.StatusBadRequest
		}
		http.Error(w, "refused", status)
		return
	}
	play, ok := scripts[script]
	if !ok || r.Header.Get("Upgrade") == "" {
		http.NotFound(w, r)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !s.add(conn, script) {
		conn.Close()
		return
	}
	defer s.remove(conn)
	p := &peer{server: s, conn: conn, r: rw.Reader, query: query, request: r}
	play(p)
}

var scripts = map[string]func(*peer){
	"echo": func(p *peer) {
		p.shake("mqtt")
		for {
			opcode, payload, err := readMessage(p.r)
			switch {
			case err != nil:
				return
			case opcode == opClose:
				p.send(appendFrame(nil, true, opClose, payload))
				return
			case opcode == opBinary:
				p.send(appendFrame(nil, true, opBinary, payload))
			}
		}
	},
	"sink": func(p *peer) {
		p.shake("mqtt")
		p.sink()
	},
	"numbers": func(p *peer) {
		p.shake("mqtt")
		if p.query.Get("when") == "asked" {
			_, _, _ = readMessage(p.r) // when it fails, so will what follows
		}
		p.send(p.numbers())
		switch p.query.Get("then") {
		case "close":
			p.send(appendClose(nil, uint16(p.number("code", 1000)), p.query.Get("reason")))
			p.answered()
		case "cut":
		case "reset":
			if tcp, ok := p.conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		default:
			p.sink()
		}
	},
	"fragments": func(p *peer) {
		p.shake("mqtt")
		b := appendFrame(nil, false, opBinary, []byte("frag"))
		b = appendFrame(b, true, opPing, []byte("are you there"))
		b = appendFrame(b, false, opContinuation, []byte("ment"))
		p.send(appendFrame(b, true, opContinuation, []byte("ed")))
		p.sink()
	},
	"text": func(p *peer) {
		p.shake("mqtt")
		b := appendFrame(nil, true, opBinary, []byte("before"))
		p.send(appendFrame(b, true, opText, []byte("text")))
		p.sink()
	},
	"deaf": func(p *peer) {
		p.shake("mqtt")
		for {
			if _, _, err := readMessage(p.r); err != nil {
				return
			}
		}
	},
	"stuck": func(p *peer) {
		p.shake("mqtt")
		<-p.server.channel(p.query.Get("until"))
		p.sink()
	},
	"hang": func(p *peer) {
		_, _ = p.r.ReadByte() // there is nothing to read but the end
		p.server.signal(p.query.Get("key"), "gone")
	},
	"late": func(p *peer) {
		<-p.server.channel(p.query.Get("until"))
		p.shake("mqtt")
		p.sink()
	},
	"protocol": func(p *peer) {
		p.shake(p.query.Get("name"))
		p.sink()
	},
	"await": func(p *peer) {
		p.shake("mqtt")
		p.sendText(<-p.server.channel(p.query.Get("key")))
	},
	"release": func(p *peer) {
		p.shake("mqtt")
		p.server.signal(p.query.Get("key"), "released")
		p.sendText("")
	},
	"count": func(p *peer) {
		p.shake("mqtt")
		p.sendText(strconv.Itoa(p.server.count(p.query.Get("script"))))
	},
}

// A peer is the server's end of one connection.
type peer struct {
	server  *Server
	conn    net.Conn
	r       *bufio.Reader
	query   url.Values
	request *http.Request
}

// number returns a number of the query.
func (p *peer) number(name string, otherwise int) int {
	if n, err := strconv.Atoi(p.query.Get(name)); err == nil {
		return n
	}
	return otherwise
}

// send writes bytes. When it fails, so will the next read.
func (p *peer) send(b []byte) { _, _ = p.conn.Write(b) }

// shake answers the opening handshake (RFC 6455 section 4.2.2).
func (p *peer) shake(protocol string) {
	sum := sha1.Sum([]byte(p.request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	if protocol != "" {
		answer += "Sec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	p.send([]byte(answer + "\r\n"))
}

// tell sends a text as one binary message and closes.
func (p *peer) sendText(text string) {
	p.send(appendClose(appendFrame(nil, true, opBinary, []byte(text)), 1000, ""))
	p.answered()
}

// answered waits until the client has answered a close: an earlier end of TCP would be a reset.
func (p *peer) answered() {
	for {
		if opcode, _, err := readMessage(p.r); err != nil || opcode == opClose {
			return
		}
	}
}

// numbers returns the frames of numbered messages.
func (p *peer) numbers() []byte {
	var frames []byte
	payload := make([]byte, max(4, p.number("size", 4)))
	for i := range p.number("n", 1) {
		binary.BigEndian.PutUint32(payload, uint32(i))
		frames = appendFrame(frames, true, opBinary, payload)
	}
	return frames
}

// sink reads to the end, answers a close and signals what came.
func (p *peer) sink() {
	messages, bytes, code := 0, 0, abnormal
	for {
		opcode, payload, err := readMessage(p.r)
		if err != nil {
			break
		}
		if opcode == opClose {
			code = 1005
			if len(payload) >= 2 {
				code = int(binary.BigEndian.Uint16(payload))
			}
			p.send(appendFrame(nil, true, opClose, payload))
			break
		}
		if opcode == opBinary {
			messages++
			bytes += len(payload)
		}
	}
	p.server.signal(p.query.Get("key"), fmt.Sprintf("%d/%d/%d", messages, bytes, code))
}
