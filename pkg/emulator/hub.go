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

	"github.com/hubpanel/hubpanel/pkg/emulator/internal/ring"
)

const (
	// DefaultIDScope is the ID scope of a hub whose IDScope is empty.
	DefaultIDScope = "0ne00EMULATE"

	// DefaultAssigningTime is how long a registration stays "assigning" at a hub whose AssigningTime is zero: with a
	// retry-after of one second (the real service uses 3 s) a device sees one 202 for its registration and one for its first
	// poll before it is assigned.
	DefaultAssigningTime = 1500 * time.Millisecond
)

// A Hub is an IoT hub with a provisioning service linked to it. The zero value is ready to use: in memory, with random keys, for
// any host name that clients call it by. Its exported fields must not change once it is used; SetFaults and SetSettings change the
// values that it starts with. Close it to end everything that it started.
type Hub struct {
	// HostName is the name of this hub for DPS and Info. Empty means the host name that the caller used.
	HostName string

	// IDScope names the provisioning service; empty means DefaultIDScope.
	IDScope string

	// AssigningTime is how long a registration is "assigning" before it is "assigned". Zero means DefaultAssigningTime; with a
	// negative value the first answer is final.
	AssigningTime time.Duration

	// ScaleUnits is how many units of the S1 tier the hub has, whose throttling limits apply: the hub delays requests that come too
	// fast, and then refuses them with 429 or by closing the connection. Zero means no limits.
	ScaleUnits int

	// Lenient accepts input that the documentation neither allows nor assigns a consequence to: the hub answers a subscription to
	// an undocumented filter with the failure code 0x80, and acknowledges and drops a message to an unknown topic, both with a line
	// in the operations log. Otherwise it closes the connection.
	Lenient bool

	// TrustedCAs are CA certificates (DER) for devices whose authentication is AuthCA.
	TrustedCAs [][]byte

	// Logger receives the operations log; nil means none.
	Logger *slog.Logger

	// Store keeps everything durable; nil means memory only. The caller closes it, after the hub.
	Store Store

	// Faults are the faults to start with; SetFaults changes them.
	Faults Faults

	// Allocate takes the place of the webhook of enrollments whose allocation policy is AllocationCustom; see Allocation.
	Allocate func(context.Context, Allocation) (Allocation, error)

	// Info returns the JSON document of GET /emulator/info for a caller that uses this host name. The document may hold secrets,
	// because only programs on this machine receive it. Nil means that the path does not exist. The hub calls it without a lock.
	Info func(host string) (any, error)

	opening  sync.Mutex // held while the store is read
	opened   atomic.Bool
	shut     bool   // Close was called before the hub was opened; guarded by opening
	instance string // static once opened

	faults     atomic.Pointer[Faults]
	settings   atomic.Pointer[settings]
	policies   map[string]*policy // static once opened
	events     *ring.Ring[*telemetry]
	operations *ring.Ring[Operation]
	logger     sync.WaitGroup // the goroutine that feeds Logger
	logged     int64          // the number of the last line that Logger received; that goroutine's, then Close's
	writers    writers
	closing    chan struct{}
	closeOnce  sync.Once
	closeErr   error

	mu            sync.Mutex // guards the fields below; see doc.go
	closed        bool
	running       sync.WaitGroup // connections and streams; Add only with mu held and closed false
	conns         map[*conn]struct{}
	devices       map[string]*identity
	enrollments   map[string]*Enrollment      // by lower-case registration id; the entries are never changed in place
	groups        map[string]*EnrollmentGroup // by id; the entries are never changed in place
	registrations map[string]*registration    // by lower-case registration id
	requestID     uint64                      // of the last direct method call
	generation    int64                       // of the identity that was created last
	c2dSequence   int64                       // of the last cloud-to-device message
	deliveryToken uint64                      // of the last delivery of a cloud-to-device message
	eventsUntil   int64                       // event numbers below this are reserved in the store
	journal       journal
}

const (
	streamItems = 10_000   // events, and operations, kept for slow or returning readers
	streamBytes = 32 << 20 // of events' bodies and properties
)

// Open reads the Store. Every other method does so when it is the first one, but Open can be given a context of its own. When Open
// fails, for example because ctx ends, the hub is as if it had not been called: the next method tries again. Errors: those of the
// Store, a *StoreVersionError for a store that a newer version of this package wrote, net.ErrClosed after Close.
func (h *Hub) Open(ctx context.Context) error {
	if h.opened.Load() {
		return nil
	}
	h.opening.Lock()
	defer h.opening.Unlock()
	switch {
	case h.opened.Load():
		return nil
	case h.shut:
		return net.ErrClosed
	}
	h.closing = make(chan struct{})
	h.events = ring.New(streamItems, streamBytes, (*telemetry).size)
	h.operations = ring.New(streamItems, streamBytes, Operation.size)
	h.writers.work, h.writers.end = make(chan *conn), make(chan struct{})
	h.conns = make(map[*conn]struct{})
	h.devices = make(map[string]*identity)
	h.policies = make(map[string]*policy)
	h.enrollments = make(map[string]*Enrollment)
	h.groups = make(map[string]*EnrollmentGroup)
	h.registrations = make(map[string]*registration)
	h.settings.Store(h.initialSettings())
	f := h.Faults
	h.faults.Store(&f)
	if err := h.load(ctx); err != nil {
		return fmt.Errorf("emulator: reading the store: %w", err)
	}
	h.startJournal()
	h.mu.Lock()
	h.makePolicies()
	h.mu.Unlock()
	h.instance = newInstance()
	h.opened.Store(true)
	if h.Logger != nil {
		h.logger.Go(h.writeLog)
	}
	return nil
}

// Instance returns a random identifier of this hub's life, which ends with Close. It is not secret and never stored. GET
// /emulator/info and the event streams carry it, so that a client can tell a restarted hub from a broken connection. It is empty
// when the hub cannot be opened.
func (h *Hub) Instance() string {
	if h.Open(context.Background()) != nil {
		return ""
	}
	return h.instance
}

// Close ends every connection and stream, waits for everything that the hub started, and writes the changes that are not stored yet.
// Its error is that of the last write. Later calls of other methods fail with net.ErrClosed.
func (h *Hub) Close() error {
	h.opening.Lock()
	if !h.opened.Load() {
		h.shut = true // nothing was started
		h.opening.Unlock()
		return nil
	}
	h.opening.Unlock()
	h.closeOnce.Do(func() {
		h.mu.Lock()
		h.closed = true
		close(h.closing)
		for c := range h.conns {
			c.fail(causeShutdown)
		}
		h.mu.Unlock()
		h.events.End()
		h.operations.End()
		h.running.Wait()
		close(h.writers.end)
		h.writers.alive.Wait()
		h.closeErr = h.stopJournal() // connections may have changed something when they ended
		if h.Logger != nil {
			h.logger.Wait()
			h.writeLog() // the lines about those changes
		}
	})
	return h.closeErr
}

// begin registers work that Close waits for; the caller calls h.running.Done.
func (h *Hub) begin(ctx context.Context) error {
	if err := h.Open(ctx); err != nil {
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

// Dial connects to the hub over a pipe, without a network. Only the host of address matters: it is the host name that the caller
// uses for the hub. It has the signature of a client's dial function, such as hubclient.Options.Dial.
func (h *Hub) Dial(ctx context.Context, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if err := h.begin(ctx); err != nil {
		return nil, err
	}
	device, hub := net.Pipe()
	h.start(hub, peer{host: u.Host})
	return device, nil
}

// ServeConn serves one device on conn until the device, the hub or ctx ends it, and closes conn. host is the host name that the
// device used. The error is the reason for the end; nil means that the device sent DISCONNECT.
func (h *Hub) ServeConn(ctx context.Context, conn net.Conn, host string) error {
	return h.servePeer(ctx, conn, peer{host: host})
}

func (h *Hub) servePeer(ctx context.Context, conn net.Conn, p peer) error {
	if err := h.begin(ctx); err != nil {
		conn.Close()
		return err
	}
	defer h.running.Done()
	return h.serve(ctx, conn, p)
}

// Disconnect closes the connection of a device ("dev-1") or module ("dev-1/mod-1"), as a network failure would, and reports
// whether there was one.
func (h *Hub) Disconnect(id string) (connected bool) {
	_ = h.read(context.Background(), func() error {
		device, err := h.find(id)
		if err != nil || device.attached == nil {
			return err
		}
		connected = true
		h.detach(device, device.attached, causeDisconnected)
		return nil
	})
	return connected
}

func newKey() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}

func newInstance() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// newTrackingID has the shape of the service's.
func newTrackingID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:]) + "-G:0-TimeStamp:" + time.Now().UTC().Format("01/02/2006 15:04:05")
}

// newETag makes the ETag of a registry entry or an enrollment, which have no counters.
func newETag() string {
	var b [8]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// etagOf has the shape of a twin's ETag, such as "AAAAAAAAAAc=".
func etagOf(n uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, n))
}
