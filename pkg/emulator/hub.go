package emulator

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultIDScope is the ID scope of a hub whose IDScope is empty.
	DefaultIDScope = "0ne00EMULATE"

	// DefaultAssigningTime is how long a registration stays "assigning" at a hub whose AssigningTime is zero: with a
	// retry-after of one second (the real service says 3 s) a device sees one 202 for its registration and one for its first
	// poll before it is assigned.
	DefaultAssigningTime = 1500 * time.Millisecond
)

// A Hub is an IoT hub with a provisioning service linked to it. The zero value is ready: in memory, with random keys, for
// whatever host name it is called by. Its fields are fixed once it is used; SetFaults and SetSettings change what they begin with. Close it to end what it started.
type Hub struct {
	// HostName is what Info and DPS call this hub. Empty means the host by which the caller came.
	HostName string

	// IDScope names the provisioning service; empty means DefaultIDScope.
	IDScope string

	// AssigningTime is how long a registration is "assigning" before it is "assigned": zero means DefaultAssigningTime, a
	// negative one that the first answer is final.
	AssigningTime time.Duration

	// ScaleUnits is how many units of the S1 tier the hub has, whose throttling limits apply: what comes too fast is held back
	// and then refused with 429, or by closing the connection. Zero means no limits.
	ScaleUnits int

	// Lenient accepts what the documents do not allow and say no consequence of: a subscription to an undocumented filter is
	// answered with the failure code 0x80, and a message to an unknown topic is acknowledged and dropped, both with a line in
	// the operations log. Otherwise they close the connection.
	Lenient bool

	// TrustedCAs are CA certificates (DER) for devices whose authentication is certificateAuthority.
	TrustedCAs [][]byte

	// Logger gets the operations log; nil means none.
	Logger *slog.Logger

	// Store keeps everything durable; nil means memory only. It stays the caller's to close, after the hub.
	Store Store

	// Faults is the bad network to begin with; SetFaults changes it.
	Faults Faults

	// Allocate stands in for the webhook of enrollments whose allocation policy is "custom"; see Allocation.
	Allocate func(context.Context, Allocation) (Allocation, error)

	once    sync.Once
	openErr error
	faults  atomic.Pointer[Faults]
	closing chan struct{}

	settings   atomic.Pointer[settings]
	events     *stream[*telemetry]
	operations *stream[Operation]
	logger     sync.WaitGroup // the goroutine that feeds Logger
	logged     int64          // the line that Logger got last; that goroutine's, then Close's
	closeOnce  sync.Once
	closeErr   error

	mu            sync.Mutex // guards all below; see doc.go
	closed        bool
	running       sync.WaitGroup // connections and streams; Add only with mu held and closed false
	conns         map[*conn]struct{}
	devices       map[string]*identity
	policies      map[string]*policy
	enrollments   map[string]*Enrollment      // by lower-case registration id
	groups        map[string]*EnrollmentGroup // by id
	registrations map[string]*registration    // by lower-case registration id
	demo          *Demo
	rid           uint64 // of the last direct method
	generation    int64  // of the identity that was created last
	c2dSequence   int64  // of the last cloud-to-device message
	eventsUntil   int64  // event numbers below this are reserved in the store
	journal       journal
}

const (
	streamItems = 10_000   // events, and operations, kept for slow or returning readers
	streamBytes = 32 << 20 // of events' bodies and properties
)

// Open reads the Store. Every other method does so when it is the first, but only Open reports what went wrong; the others then
// refuse to work.
func (h *Hub) Open(ctx context.Context) error {
	h.once.Do(func() {
		h.closing = make(chan struct{})
		h.events = newStream(streamItems, streamBytes, (*telemetry).size)
		h.operations = newStream(streamItems, streamBytes, Operation.size)
		h.conns = make(map[*conn]struct{})
		h.devices = make(map[string]*identity)
		h.policies = make(map[string]*policy)
		h.enrollments = make(map[string]*Enrollment)
		h.groups = make(map[string]*EnrollmentGroup)
		h.registrations = make(map[string]*registration)
		h.settings.Store(h.initialSettings())
		f := h.Faults
		h.faults.Store(&f)
		if h.openErr = h.load(ctx); h.openErr != nil {
			h.openErr = fmt.Errorf("emulator: reading the store: %w", h.openErr)
			return
		}
		h.startJournal()
		h.mu.Lock()
		h.makePolicies()
		h.mu.Unlock()
		if h.Logger != nil {
			h.logger.Go(h.writeLog)
		}
	})
	return h.openErr
}

// use makes the hub ready, and tells whether it is.
func (h *Hub) use() error {
	// The first user's context must not decide about the hub's life.
	if err := h.Open(context.Background()); err != nil {
		return err
	}
	return nil
}

// Close ends every connection and stream, waits for all that the hub started, and writes what is not stored yet. Its error is
// that of the last write. Later calls of other methods fail with net.ErrClosed.
func (h *Hub) Close() error {
	if err := h.use(); err != nil {
		return nil // nothing was started
	}
	h.closeOnce.Do(func() {
		h.mu.Lock()
		h.closed = true
		close(h.closing)
		for c := range h.conns {
			c.fail(causeShutdown)
		}
		h.mu.Unlock()
		h.events.end()
		h.operations.end()
		h.running.Wait()
		h.closeErr = h.stopJournal() // what connections changed on their way out is stored too
		if h.Logger != nil {
			h.logger.Wait()
			h.writeLog() // and logged
		}
	})
	return h.closeErr
}

// begin counts something that Close has to wait for; the caller calls h.running.Done.
func (h *Hub) begin() error {
	if err := h.use(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return net.ErrClosed
	}
	h.running.Add(1)
	return nil
}

// Dial connects to the hub over a pipe, without a network. Only the host of address matters: it is what the hub is called by.
func (h *Hub) Dial(ctx context.Context, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if err := h.begin(); err != nil {
		return nil, err
	}
	device, hub := net.Pipe()
	go func() {
		defer h.running.Done()
		h.serve(context.Background(), hub, peer{host: u.Host})
	}()
	return device, nil
}

// ServeConn serves one device on conn until either side ends, and closes conn. host is the host name by which the device came.
// The error says why the connection ended; nil means that the device disconnected.
func (h *Hub) ServeConn(ctx context.Context, conn net.Conn, host string) error {
	return h.servePeer(ctx, conn, peer{host: host})
}

func (h *Hub) servePeer(ctx context.Context, conn net.Conn, p peer) error {
	if err := h.begin(); err != nil {
		conn.Close()
		return err
	}
	defer h.running.Done()
	return h.serve(ctx, conn, p)
}

// Disconnect closes the connection of a device ("dev-1") or module ("dev-1/mod-1"), as a network failure would, and reports
// whether there was one.
func (h *Hub) Disconnect(id string) bool {
	if h.use() != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	who, err := h.find(id)
	if err != nil || who.conn == nil {
		return false
	}
	h.detach(who.conn, causeDisconnected)
	return true
}

func newKey() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}

// newTrackingID has the shape of the service's.
func newTrackingID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:]) + "-G:0-TimeStamp:" + time.Now().UTC().Format("01/02/2006 15:04:05")
}

// newETag is for what has no counter of its own: registry entries and enrollments.
func newETag() string {
	var b [8]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// etagOf has the shape of a twin's ETag, such as "AAAAAAAAAAc=".
func etagOf(n uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, n))
}
