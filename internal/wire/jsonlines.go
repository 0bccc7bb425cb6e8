package wire

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"
)

// A line is a record as JSON. Its names do not change: others' programs read them.
type line struct {
	Number     int     `json:"number"`
	Time       string  `json:"time"` // RFC 3339 with nanoseconds, UTC
	Connection int     `json:"connection"`
	Message    int     `json:"webSocketMessage,omitempty"`
	Direction  string  `json:"direction"`
	Type       string  `json:"type"`
	Size       int     `json:"size"` // bytes on the wire; hex has fewer or more where redacted
	Meaning    string  `json:"meaning"`
	Partner    int     `json:"partner,omitempty"`
	TookMS     float64 `json:"tookMs,omitempty"`
	Redacted   bool    `json:"redacted,omitempty"`
	Hex        string  `json:"hex"`
}

// WriteJSONLines writes the records as JSON, one a line, in English.
func WriteJSONLines(w io.Writer, records []Record) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	for _, r := range records {
		if err := e.Encode(line{
			Number: r.Number, Time: r.At.UTC().Format(time.RFC3339Nano), Connection: r.Connection, Message: r.Message,
			Direction: r.Direction.String(), Type: r.Type.String(), Size: r.Size, Meaning: r.Meaning.String(),
			Partner: r.Partner, TookMS: float64(r.Took) / float64(time.Millisecond), Redacted: r.Redacted, Hex: hex.EncodeToString(r.Bytes),
		}); err != nil {
			return err
		}
	}
	return b.Flush()
}
