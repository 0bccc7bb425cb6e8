package mqttcodec

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vector is one line of testdata/mqtt311-vectors.jsonl; testdata/README.md says what the fields mean.
type vector struct {
	Name       string         `json:"name"`
	Hex        string         `json:"hex"`
	Valid      bool           `json:"valid"`
	Incomplete bool           `json:"incomplete"`
	Type       string         `json:"type"`
	Fields     map[string]any `json:"fields"`
	Norm       string         `json:"norm"`
	Error      string         `json:"error"`
}

func (v vector) bytes(t testing.TB) []byte {
	b, err := hex.DecodeString(v.Hex)
	require.NoError(t, err, v.Name)
	return b
}

func readVectors(t testing.TB, path string) (vs []vector) {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		require.NoError(t, json.Unmarshal(lines.Bytes(), &v))
		vs = append(vs, v)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, vs)
	return vs
}

const vectorFile = "testdata/mqtt311-vectors.jsonl"

// Every vector is accepted with its fields, refused with its clause, or found incomplete.
func TestVectors(t *testing.T) {
	testVectors(t, readVectors(t, vectorFile))
}

func testVectors(t *testing.T, vs []vector) {
	for _, v := range vs {
		t.Run(v.Name, func(t *testing.T) {
			src := v.bytes(t)
			p, n, err := Decode(src)
			switch {
			case v.Incomplete:
				require.Equal(t, io.ErrUnexpectedEOF, err)
			case v.Valid:
				require.NoError(t, err)
				require.Equal(t, len(src), n)
				require.Equal(t, v.Type, p.Type().String())
				require.Equal(t, v.Fields, fieldsOf(p))
			default:
				var e *Error
				require.ErrorAs(t, err, &e)
				require.True(t, sameNorm(v.Norm, e.Clause), "refused by %s, want %s: %v", e.Clause, v.Norm, err)
				if v.Type != "" {
					require.Equal(t, v.Type, e.Type.String())
				}
			}
		})
	}
}

// sameNorm reports whether clause is what a vector's norm names: one of its clauses, or one numbered inside the section
// that it names. "MQTT-2.3.1-6, -7" names two.
func sameNorm(norm, clause string) bool {
	statement := "" // the last full number without its last part
	for _, n := range strings.FieldsFunc(norm, func(r rune) bool { return strings.ContainsRune(" ,/()", r) }) {
		if strings.HasPrefix(n, "-") {
			n = statement + n
		} else if i := strings.LastIndex(n, "-"); i > 0 {
			statement = n[:i]
		}
		if n == clause || strings.HasPrefix(clause, "MQTT-"+n+"-") {
			return true
		}
	}
	return false
}

// fieldsOf says p in the words of the vectors.
func fieldsOf(p Packet) map[string]any {
	m := map[string]any{"type": p.Type().String()}
	switch p := p.(type) {
	case *Connect:
		m["protocol_name"] = string(p.ProtocolName)
		m["protocol_level"] = float64(p.ProtocolLevel)
		m["clean_session"] = p.CleanSession
		m["keep_alive"] = float64(p.KeepAlive)
		m["client_id"] = string(p.ClientID)
		if p.WillFlag {
			m["will"] = map[string]any{"topic": string(p.WillTopic), "payload_hex": hex.EncodeToString(p.WillMessage),
				"qos": float64(p.WillQoS), "retain": p.WillRetain}
		}
		if p.UserNameFlag {
			m["username"] = string(p.UserName)
		}
		if p.PasswordFlag {
			m["password_hex"] = hex.EncodeToString(p.Password)
		}
	case *Connack:
		m["session_present"] = p.SessionPresent
		m["return_code"] = float64(p.ReturnCode)
	case *Publish:
		m["dup"], m["qos"], m["retain"] = p.Dup, float64(p.QoS), p.Retain
		m["topic"] = string(p.TopicName)
		m["payload_hex"] = hex.EncodeToString(p.Payload)
		if p.QoS > QoS0 {
			m["packet_id"] = float64(p.PacketID)
		}
	case *Puback:
		m["packet_id"] = float64(p.PacketID)
	case *Pubrec:
		m["packet_id"] = float64(p.PacketID)
	case *Pubrel:
		m["packet_id"] = float64(p.PacketID)
	case *Pubcomp:
		m["packet_id"] = float64(p.PacketID)
	case *Unsuback:
		m["packet_id"] = float64(p.PacketID)
	case *Subscribe:
		m["packet_id"] = float64(p.PacketID)
		subs := []any{}
		for _, s := range p.Subscriptions {
			subs = append(subs, map[string]any{"filter": string(s.TopicFilter), "qos": float64(s.QoS)})
		}
		m["subscriptions"] = subs
	case *Suback:
		m["packet_id"] = float64(p.PacketID)
		codes := []any{}
		for _, c := range p.ReturnCodes {
			codes = append(codes, float64(c))
		}
		m["return_codes"] = codes
	case *Unsubscribe:
		m["packet_id"] = float64(p.PacketID)
		filters := []any{}
		for _, f := range p.TopicFilters {
			filters = append(filters, string(f))
		}
		m["filters"] = filters
	}
	return m
}

// Every proper beginning of a valid packet needs more bytes; none is mistaken for a packet or refused.
func TestTruncations(t *testing.T) {
	for _, v := range readVectors(t, vectorFile) {
		if !v.Valid {
			continue
		}
		src := v.bytes(t)
		for n := range src {
			p, used, err := Decode(src[:n])
			require.Equal(t, io.ErrUnexpectedEOF, err, "%s, first %d bytes", v.Name, n)
			require.Nil(t, p)
			require.Zero(t, used)
		}
	}
}

// What follows a packet does not change it: the same fields, the same count.
func TestFollowedByMore(t *testing.T) {
	for _, v := range readVectors(t, vectorFile) {
		if !v.Valid {
			continue
		}
		src := v.bytes(t)
		p, n, err := Decode(append(bytes.Clone(src), 0xff, 0xff, 0xff))
		require.NoError(t, err, v.Name)
		require.Equal(t, len(src), n, v.Name)
		require.Equal(t, v.Fields, fieldsOf(p), v.Name)
	}
}

// The bytes of a valid vector come back from Append. The exceptions are packets that a receiver must read and that a
// sender must not write.
func TestVectorsRoundTrip(t *testing.T) {
	exceptions := map[string]string{
		"spec_connect_empty_client_id_not_clean":  "MQTT-3.1.3-7", // read, so that a server can answer 0x02
		"spec_remaining_length_overlong_3_puback": "",             // comes back in two bytes of length
		"spec_remaining_length_overlong_4_puback": "",
	}
	for _, v := range readVectors(t, vectorFile) {
		if !v.Valid {
			continue
		}
		src := v.bytes(t)
		p, _, err := Decode(src)
		require.NoError(t, err, v.Name)
		got, err := Append(nil, p)
		if clause, ok := exceptions[v.Name]; ok {
			delete(exceptions, v.Name)
			if clause != "" {
				var e *Error
				require.ErrorAs(t, err, &e, v.Name)
				require.Equal(t, clause, e.Clause)
				continue
			}
			require.NoError(t, err, v.Name)
			again, _, err := Decode(got)
			require.NoError(t, err, v.Name)
			require.Equal(t, p, again, v.Name)
			continue
		}
		require.NoError(t, err, v.Name)
		require.Equal(t, src, got, v.Name)
		size, err := Size(p)
		require.NoError(t, err, v.Name)
		require.Equal(t, len(src), size, v.Name)
	}
	require.Empty(t, exceptions, "exceptions that no vector needs")
}
