package firefox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/coder/websocket"
)

// A bidi is a connection of WebDriver BiDi. Firefox grants one session, and ends
// it with the connection.
type bidi struct {
	ws   *websocket.Conn
	hear func(method string, params json.RawMessage) // called by the goroutine of listen
	done chan struct{}                               // closed when the connection has ended

	mu      sync.Mutex
	lastID  int64                   // guarded by mu
	pending map[int64]chan<- answer // guarded by mu; nil when the connection has ended
	err     error                   // guarded by mu; why it has ended
}

// An answer is a message from Firefox: an event when it has no ID (BiDi 3.4).
type answer struct {
	Type    string          `json:"type"`
	ID      int64           `json:"id"`
	Result  json.RawMessage `json:"result"`
	Code    string          `json:"error"`
	Message string          `json:"message"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// dialBiDi opens a session. hear gets its events, must not block, and must not send commands.
func dialBiDi(ctx context.Context, address string, hear func(method string, params json.RawMessage)) (*bidi, error) {
	ws, _, err := websocket.Dial(ctx, address+"/session", nil)
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(-1)
	s := &bidi{ws: ws, hear: hear, done: make(chan struct{}), pending: make(map[int64]chan<- answer)}
	go s.listen()
	err = s.call(ctx, "session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	if err == nil {
		err = s.call(ctx, "session.subscribe", map[string]any{"events": []string{
			"log.entryAdded", "network.beforeRequestSent", "script.message",
			"browsingContext.contextCreated", "browsingContext.contextDestroyed",
		}}, nil)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// call sends a command and waits for its result, which it decodes to result unless that is nil.
func (s *bidi) call(ctx context.Context, method string, params, result any) error {
	reply := make(chan answer, 1)
	s.mu.Lock()
	if s.pending == nil {
		defer s.mu.Unlock()
		return fmt.Errorf("%s: %w", method, s.err)
	}
	s.lastID++
	id := s.lastID
	s.pending[id] = reply
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.pending, id)
		s.mu.Unlock()
	}()

	command, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	// A context that ends during a write ends the connection, so this one is not ctx.
	if err := s.ws.Write(context.Background(), websocket.MessageText, command); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a := <-reply:
		if a.Type != "success" {
			return fmt.Errorf("%s: %s: %s", method, a.Code, a.Message)
		}
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(a.Result, result); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		return nil
	case <-s.done:
		return fmt.Errorf("%s: %w", method, s.err) // it is not written any more
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
}

// errGone is the error of commands to a Firefox that has ended.
var errGone = errors.New("the browser is gone")

// listen reads until the connection ends.
func (s *bidi) listen() {
	defer close(s.done)
	for {
		_, message, err := s.ws.Read(context.Background())
		if err != nil {
			s.fail(fmt.Errorf("%w: %w", errGone, err))
			return
		}
		var a answer
		if err := json.Unmarshal(message, &a); err != nil {
			s.fail(fmt.Errorf("what the browser says is not JSON: %w", err))
			return
		}
		if a.Type == "event" {
			s.hear(a.Method, a.Params)
			continue
		}
		s.mu.Lock()
		if reply, ok := s.pending[a.ID]; ok {
			reply <- a // never blocks: there is one answer, and room for it
			delete(s.pending, a.ID)
		}
		s.mu.Unlock()
	}
}

func (s *bidi) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending, s.err = nil, err
}

// close ends the connection and waits for listen.
func (s *bidi) close() {
	_ = s.ws.CloseNow()
	<-s.done
}
