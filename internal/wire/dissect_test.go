package wire

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// Every valid packet of the codec's vectors is taken apart without a gap: what a person sees beside the hex is all of it.
func TestFieldsCoverThePacket(t *testing.T) {
	f, err := os.Open("../../pkg/mqttcodec/testdata/mqtt311-vectors.jsonl")
	require.NoError(t, err)
	defer f.Close()
	seen := map[mqttcodec.Type]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v struct {
			Name, Hex string
			Valid     bool
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &v))
		b, err := hex.DecodeString(v.Hex)
		require.NoError(t, err)
		p, n, err := mqttcodec.Decode(b)
		if err != nil || n != len(b) {
			_, err := Dissect(b)
			require.Error(t, err, v.Name)
			continue
		}
		fields, err := Dissect(b)
		require.NoError(t, err, v.Name)
		covers(t, v.Name, fields, 0, len(b))
		seen[p.Type()]++
	}
	require.NoError(t, lines.Err())
	for packet := mqttcodec.CONNECT; packet <= mqttcodec.DISCONNECT; packet++ {
		require.NotZero(t, seen[packet], "no vector is a %s", packet)
	}
}

// covers checks that fields follow each other from one byte to another; the bits of one byte share it.
func covers(t *testing.T, name string, fields []Field, from, to int) {
	t.Helper()
	bits := true
	for _, f := range fields {
		bits = bits && f.From == from && f.To == to && f.Fields == nil
	}
	if bits && len(fields) > 1 {
		return
	}
	at := from
	for _, f := range fields {
		require.Equal(t, at, f.From, "%s: %s", name, f.Name)
		require.NotEmpty(t, f.Clause, "%s: %s", name, f.Name)
		at = f.To
		if f.Fields != nil {
			covers(t, name+", "+f.Name, f.Fields, f.From, f.To)
		}
	}
	require.Equal(t, to, at, name)
}

func TestDissectNamesFieldsAsTheStandardDoes(t *testing.T) {
	b, err := mqttcodec.Append(nil, &mqttcodec.Publish{Dup: true, QoS: mqttcodec.QoS1, TopicName: []byte("a/b"), PacketID: 7, Payload: []byte("21.5")})
	require.NoError(t, err)
	fields, err := Dissect(b)
	require.NoError(t, err)
	got := map[string]string{}
	var walk func([]Field)
	walk = func(fields []Field) {
		for _, f := range fields {
			got[f.Name] = f.Value
			walk(f.Fields)
		}
	}
	walk(fields)
	require.Equal(t, map[string]string{
		"Fixed header": "", "Type and flags": "PUBLISH, flags 1010", "DUP": "1", "QoS": "1", "RETAIN": "0", "Remaining length": "11",
		"Topic name": "a/b", "Length": "3", "Packet identifier": "7", "Application message": "21.5",
	}, got)
}
