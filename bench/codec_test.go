package main

import (
	"bytes"
	"testing"

	"github.com/hubpanel/hubpanel/pkg/mqttcodec"
)

// All codecs are measured at the same work: they encode the same bytes and find the same packets in them, twice round.
func TestSameWork(t *testing.T) {
	for _, w := range workloads() {
		for _, c := range codecs {
			if c.name == limit.name {
				continue
			}
			if c.decoder != nil {
				want, got := ours.decoder(w.wire), c.decoder(w.wire)
				for i := range 2 * len(w.packets) {
					wantSum, wantErr := want(1)
					gotSum, gotErr := got(1)
					if wantErr != nil || gotErr != nil || wantSum != gotSum {
						t.Fatalf("%s, %s, packet %d (%v): %x, %v; want %x, %v", c.name, w.name, i, w.packets[i%len(w.packets)], gotSum, gotErr, wantSum, wantErr)
					}
				}
			}
			if c.encoder != nil {
				encode := c.encoder(w.packets)
				if encode == nil {
					continue
				}
				for i := range 2 * len(w.packets) {
					p := w.packets[i%len(w.packets)]
					want, _ := mqttcodec.Append(nil, p)
					if c.name == oursHeader.name {
						want = want[:len(want)-len(p.(*mqttcodec.Publish).Payload)]
					}
					got, err := encode(1)
					if err != nil || !bytes.Equal(want, got) {
						t.Fatalf("%s, %s, packet %d (%v): %x, %v; want %x", c.name, w.name, i, p, clip(got), err, clip(want))
					}
				}
			}
		}
	}
}

func clip(b []byte) []byte { return b[:min(len(b), 100)] }

func BenchmarkDecode(b *testing.B) {
	for _, w := range workloads() {
		for _, c := range codecs {
			if c.decoder == nil {
				continue
			}
			b.Run(w.name+"/"+c.name, func(b *testing.B) {
				next := c.decoder(w.wire)
				b.ReportAllocs()
				b.ResetTimer()
				if _, err := next(b.N); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, w := range workloads() {
		for _, c := range codecs {
			if c.encoder == nil || c.encoder(w.packets) == nil {
				continue
			}
			b.Run(w.name+"/"+c.name, func(b *testing.B) {
				next := c.encoder(w.packets)
				b.ReportAllocs()
				b.ResetTimer()
				if _, err := next(b.N); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
