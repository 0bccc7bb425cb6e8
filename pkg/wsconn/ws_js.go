package wsconn

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall/js"
	"time"
)

// The bridge to the browser's WebSocket.
//
// A wake-up of Go costs more than a small message does, so messages do not wake
// Go. A stage takes them. When Go is about to wait, it arms the stage, whose next
// message posts to a MessageChannel. The post is a task of its own,
// behind the messages that have already arrived; when it runs it calls Go, which
// takes them all. Nothing here is JavaScript source, so no CSP minds that lets Go run.

const (
	// maxBuffered is how much may wait in the browser before Write waits.
	// It is enough to keep the network busy between two looks at bufferedAmount.
	maxBuffered = 1 << 20
	// There is no event when bufferedAmount falls, so Write polls it,
	// after minPoll at first and at last every maxPoll.
	minPoll = time.Millisecond
	maxPoll = 16 * time.Millisecond
	// keepArray is the size of the largest array that is kept for the next Read or Write.
	keepArray = 256 << 10
	// readyOpen is WebSocket.OPEN.
	readyOpen = 1
)

var uint8Array = js.Global().Get("Uint8Array")

// conn is a browser's WebSocket as a byte stream.
type conn struct {
	noDeadlines
	marks
	host string

	// Static after construction.
	ws      js.Value
	stage   *stage   // what has arrived
	port    js.Value // the end of the MessageChannel that calls handler
	abort   js.Value // AbortController of the listeners
	handler js.Func

	opened    chan struct{} // closed by the open event
	ended     chan struct{} // closed by the close event, after end is set
	closed    chan struct{} // closed when Close is called
	wake      chan struct{} // holds a token when messages may have arrived
	end       *CloseError
	closeOnce sync.Once
	detached  sync.Once

	readMu    sync.Mutex  // guards what follows
	buf       []byte      // reused memory of rest
	rest      []byte      // bytes that did not fit the last Read
	sizes     []int       // of messages whose ends are to be marked, from the bytes behind the last Read on
	unnoted   bool        // the stage notes no sizes
	violation *CloseError // of MQTT, by the peer

	writeMu sync.Mutex // guards what follows
	out     js.Value   // reused Uint8Array of length outLen
	outLen  int
}

// Dial opens a WebSocket connection to a ws or wss URL with subprotocol
// [Subprotocol]. When ctx ends first it returns at once with the error of ctx,
// wrapped, and the browser gives up the handshake. Its errors are
// [*HandshakeError] and [*SubprotocolError].
func Dial(ctx context.Context, rawURL string) (net.Conn, error) {
	host, err := hostOf(rawURL)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, &HandshakeError{Host: host, Reason: err.Error(), Err: err}
	}
	policy := MonitorPolicy()
	defer policy.Stop()
	ws, err := newWebSocket(rawURL)
	if err != nil {
		if thrown, ok := errors.AsType[*thrownError](err); ok && thrown.name == contentBlocked {
			err = ErrPolicy
		}
		return nil, &HandshakeError{Host: host, Reason: err.Error(), Err: err}
	}
	return newConn(ws, host).opening(ctx, policy)
}

// opening waits until the handshake is over, or ctx is.
func (c *conn) opening(ctx context.Context, policy *PolicyMonitor) (net.Conn, error) {
	select {
	case <-c.opened:
	case <-c.ended:
		if policy.recorded(c.ws.Get("url").String()) {
			return nil, &HandshakeError{Host: c.host, Reason: ErrPolicy.Error(), Err: ErrPolicy}
		}
		return nil, &HandshakeError{Host: c.host, Reason: ErrUnexplained.Error(), Err: ErrUnexplained}
	case <-ctx.Done():
		// This ends a handshake that is under way, so that it neither becomes a
		// connection later nor holds up the next one to the same host. Firefox keeps the
		// TCP connection until the server has answered.
		c.ws.Call("close", statusNormalClosure)
		c.detach()
		return nil, &HandshakeError{Host: c.host, Reason: ctx.Err().Error(), Err: ctx.Err()}
	}
	// A server that chose none is refused by Chromium, but not by every browser.
	if got := c.ws.Get("protocol").String(); got != Subprotocol {
		c.Close()
		return nil, &SubprotocolError{Host: c.host, Got: got}
	}
	return c, nil
}

// newWebSocket calls the constructor, which throws when a page that was loaded
// over HTTPS asks for a ws URL and, in Firefox, when the page's policy forbids the URL.
func newWebSocket(rawURL string) (ws js.Value, err error) {
	defer catch(&err)
	stageShared() // throws in a browser that is too old
	ws = js.Global().Get("WebSocket").New(rawURL, Subprotocol)
	ws.Set("binaryType", "arraybuffer")
	return ws, nil
}

func newConn(ws js.Value, host string) *conn {
	global := js.Global()
	channel := global.Get("MessageChannel").New()
	c := &conn{
		host:   host,
		ws:     ws,
		port:   channel.Get("port2"),
		abort:  global.Get("AbortController").New(),
		opened: make(chan struct{}),
		ended:  make(chan struct{}),
		closed: make(chan struct{}),
		wake:   make(chan struct{}, 1),
	}
	sender := channel.Get("port1")
	c.stage = newStage(sender.Get("postMessage").Call("bind", sender, js.Null())) // which makes handler run in a later task
	c.handler = js.FuncOf(c.handle)
	c.port.Set("onmessage", c.handler)
	until := map[string]any{"signal": c.abort.Get("signal")}
	ws.Call("addEventListener", "open", c.handler, until)
	ws.Call("addEventListener", "error", c.handler, until)
	ws.Call("addEventListener", "close", c.handler, until)
	ws.Call("addEventListener", "message", c.stage.listener, until)
	return c
}

// handle is the one function of Go that JavaScript calls. It must not block.
func (c *conn) handle(_ js.Value, args []js.Value) any {
	switch event := args[0]; event.Get("type").String() {
	case "message": // from the MessageChannel
		select {
		case c.wake <- struct{}{}:
		default:
		}
	case "open":
		close(c.opened)
	case "error":
		// A close event follows, with a code, except in Chromium after a connection that the page's policy forbids.
		if !isClosed(c.opened) {
			c.end = &CloseError{Code: statusAbnormalClosure, Remote: true}
			close(c.ended)
			c.detach()
		}
	case "close":
		c.end = &CloseError{Code: event.Get("code").Int(), Reason: event.Get("reason").String(), Remote: true}
		close(c.ended)
		c.detach() // no event follows this one
	}
	return nil
}

// detach cuts the ties between the socket and Go, and lets Go's end be collected.
func (c *conn) detach() {
	c.detached.Do(func() {
		c.abort.Call("abort")
		c.port.Set("onmessage", js.Null())
		c.port.Call("close") // closes both ends
		c.handler.Release()
	})
}

// addr is an address of which a page only knows a name.
type addr string

func (addr) Network() string  { return "websocket" }
func (a addr) String() string { return string(a) }

func (c *conn) LocalAddr() net.Addr  { return addr("browser") }
func (c *conn) RemoteAddr() net.Addr { return addr(c.host) }

// Read implements net.Conn. See the package's doc for what it returns at the end.
// It gives as many messages at once as have arrived and fit p.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.readMu.Lock()
	defer c.readMu.Unlock()
	c.clear()
	if !c.marking && !c.unnoted {
		c.unnoted = true
		c.stage.noting.Set("value", 0)
		c.stage.sizes.Set("length", 0)
	}
	for {
		if isClosed(c.closed) {
			return 0, net.ErrClosed
		}
		// Looked at before the stage: what arrived before the end is read before it.
		ended := isClosed(c.ended)
		if c.violation == nil && len(c.rest) == 0 {
			if n := c.receive(p); n > 0 {
				c.markEnds(n)
				return n, nil
			}
		}
		switch {
		case len(c.rest) > 0:
			n := copy(p, c.rest)
			c.rest = c.rest[n:]
			c.markEnds(n)
			return n, nil
		case c.violation != nil:
			return 0, c.violation
		case ended:
			return 0, c.end
		}
		select {
		case <-c.wake:
		case <-c.ended:
		case <-c.closed:
		}
	}
}

// receive copies what has arrived to p, or to rest when p is too small for all of it, and returns how much is in p.
// When nothing has arrived, the next message wakes Read.
func (c *conn) receive(p []byte) int {
	size, view := c.stage.drain.Invoke().Int(), c.stage.space
	if c.marking {
		c.sizes = c.stage.noted(c.sizes)
	}
	switch size {
	case drainNothing:
		return 0
	case drainFirst:
		data := c.stage.queue.Index(0)
		if data.Type() == js.TypeString {
			c.refuseText()
			return 0
		}
		c.stage.skip.Invoke()
		view = uint8Array.New(data)
		size = view.Length()
		if c.marking {
			c.sizes = append(c.sizes, size)
		}
	}
	if size <= len(p) {
		return js.CopyBytesToGo(p[:size], view)
	}
	buf := c.buf
	if cap(buf) < size {
		buf = make([]byte, size)
		if size <= keepArray {
			c.buf = buf
		}
	}
	c.rest = buf[:size]
	js.CopyBytesToGo(c.rest, view)
	return 0
}

// markEnds marks the messages that end in the next n bytes.
func (c *conn) markEnds(n int) {
	for at := 0; len(c.sizes) > 0; c.sizes = c.sizes[1:] {
		if left := n - at; c.sizes[0] > left {
			c.sizes[0] -= left
			return
		}
		at += c.sizes[0]
		c.mark(at)
	}
}

// refuseText ends a connection whose peer sent text [MQTT-6.0.0-1]. A page may not
// close with code 1003, which is made for this.
func (c *conn) refuseText() {
	if c.violation == nil {
		c.violation = &CloseError{Code: statusUnsupportedData, Reason: textMessage}
		c.ws.Call("close", statusNormalClosure)
	}
}

// Write implements net.Conn: p becomes one binary message. It waits while much of
// what was written before is still in the browser.
func (c *conn) Write(p []byte) (int, error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if err := c.drained(); err != nil || len(p) == 0 {
		return 0, err
	}
	if err := c.send(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// drained waits until the browser can take more. It returns the error of a
// connection that is over, to which the browser would take bytes and lose them.
func (c *conn) drained() error {
	for poll := minPoll; ; poll = min(2*poll, maxPoll) {
		switch {
		case isClosed(c.closed):
			return net.ErrClosed
		case isClosed(c.ended):
			return c.end
		case c.ws.Get("bufferedAmount").Int() > maxBuffered:
		case c.ws.Get("readyState").Int() == readyOpen: // else the close event is near
			return nil
		}
		timer := time.NewTimer(poll)
		select {
		case <-timer.C:
		case <-c.ended:
		case <-c.closed:
		}
		timer.Stop()
	}
}

// send hands p to the browser, which copies it.
func (c *conn) send(p []byte) (err error) {
	defer catch(&err)
	out := c.out
	if len(p) > c.outLen {
		size := max(len(p), 4<<10)
		out = uint8Array.New(size)
		if size <= keepArray {
			c.out, c.outLen = out, size
		}
	}
	n := js.CopyBytesToJS(out, p)
	c.ws.Call("send", out.Call("subarray", 0, n))
	return nil
}

// Close implements net.Conn. It may be called again, and then returns when the
// first call does.
func (c *conn) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		// The browser sends what is buffered, then the close.
		c.ws.Call("close", statusNormalClosure)
		timer := time.NewTimer(closeTimeout)
		defer timer.Stop()
		select {
		case <-c.ended:
		case <-timer.C:
			c.detach()
		}
	})
	return nil
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// A thrownError is an error that JavaScript threw.
type thrownError struct{ name, message string }

// A DOMException's message may be empty, and is never the same in two browsers.
func (e *thrownError) Error() string { return e.name + ": " + e.message }

// catch turns what JavaScript threw into an error.
func catch(err *error) {
	switch thrown := recover().(type) {
	case nil:
	case js.Error:
		*err = &thrownError{thrown.Get("name").String(), thrown.Get("message").String()}
	default:
		panic(thrown)
	}
}
