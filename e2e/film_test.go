package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"time"
)

// film is an animation in the making: pictures of one size, each shown for a while. It becomes an animated PNG
// (https://www.w3.org/TR/png-3/#apng-frame-based-animation), which browsers and docs sites show like any PNG, in all its colours;
// a GIF has 256, and looks it.
type film struct {
	shots []shot
}

// shot is a picture, opaque as a page's is, and how long it stands.
type shot struct {
	picture *image.NRGBA
	stands  time.Duration // up to a minute, to the millisecond
}

// add puts a PNG at the end of the film. A ring, where there is one, marks where the person clicks.
func (f *film) add(raw []byte, ring *image.Point, stands time.Duration) error {
	decoded, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	bounds := decoded.Bounds()
	if len(f.shots) > 0 && bounds != f.shots[0].picture.Bounds() {
		return fmt.Errorf("the picture is %v and the film %v", bounds, f.shots[0].picture.Bounds())
	}
	picture := image.NewNRGBA(bounds)
	draw.Draw(picture, bounds, decoded, bounds.Min, draw.Src)
	if ring != nil {
		drawRing(picture, *ring)
	}
	f.shots = append(f.shots, shot{picture, stands})
	return nil
}

// drawRing draws what stands for a pointer: a translucent disc with a rim.
func drawRing(picture *image.NRGBA, at image.Point) {
	const radius, rim = 18, 3
	for y := -radius; y <= radius; y++ {
		for x := -radius; x <= radius; x++ {
			share := uint32(0)
			switch d := x*x + y*y; {
			case d > radius*radius:
				continue
			case d > (radius-rim)*(radius-rim):
				share = 230
			default:
				share = 70
			}
			p := at.Add(image.Pt(x, y))
			if !p.In(picture.Bounds()) {
				continue
			}
			below, over := picture.NRGBAAt(p.X, p.Y), color.NRGBA{R: 0xff, G: 0x8c, B: 0x1a, A: 0xff}
			mix := func(a, b uint8) uint8 { return uint8((uint32(a)*(255-share) + uint32(b)*share) / 255) }
			picture.SetNRGBA(p.X, p.Y, color.NRGBA{mix(below.R, over.R), mix(below.G, over.G), mix(below.B, over.B), 0xff})
		}
	}
}

// changed is the smallest rectangle outside of which two pictures are the same; at least one pixel, for a frame must have one.
func changed(before, after *image.NRGBA) image.Rectangle {
	bounds := after.Bounds()
	var box image.Rectangle
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if before.NRGBAAt(x, y) != after.NRGBAAt(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if box.Empty() {
		box = image.Rect(bounds.Min.X, bounds.Min.Y, bounds.Min.X+1, bounds.Min.Y+1)
	}
	return box
}

const pngSignature = "\x89PNG\r\n\x1a\n"

// encode returns the film, which plays for ever. Each frame after the first holds only what has changed.
func (f *film) encode() ([]byte, error) {
	if len(f.shots) == 0 {
		return nil, errors.New("a film without pictures")
	}
	var out bytes.Buffer
	out.WriteString(pngSignature)
	sequence := uint32(0)
	number := func(dst []byte) []byte {
		dst = binary.BigEndian.AppendUint32(dst, sequence)
		sequence++
		return dst
	}
	for i, s := range f.shots {
		box := s.picture.Bounds()
		if i > 0 {
			box = changed(f.shots[i-1].picture, s.picture)
		}
		header, data, err := pngChunks(s.picture.SubImage(box))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			writeChunk(&out, "IHDR", header)
			control := binary.BigEndian.AppendUint32(nil, uint32(len(f.shots)))
			writeChunk(&out, "acTL", binary.BigEndian.AppendUint32(control, 0)) // 0: for ever
		}
		control := number(nil)
		for _, n := range []int{box.Dx(), box.Dy(), box.Min.X, box.Min.Y} {
			control = binary.BigEndian.AppendUint32(control, uint32(n))
		}
		control = binary.BigEndian.AppendUint16(control, uint16(s.stands.Milliseconds()))
		control = binary.BigEndian.AppendUint16(control, 1000)
		writeChunk(&out, "fcTL", append(control, 0, 0)) // the picture stays, and the next one's pixels replace it
		if i == 0 {
			writeChunk(&out, "IDAT", data)
		} else {
			writeChunk(&out, "fdAT", append(number(nil), data...))
		}
	}
	writeChunk(&out, "IEND", nil)
	return out.Bytes(), nil
}

// pngChunks encodes a picture and takes out its header and its pixels.
func pngChunks(picture image.Image) (header, data []byte, err error) {
	var raw bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&raw, picture); err != nil {
		return nil, nil, err
	}
	for rest := raw.Bytes()[len(pngSignature):]; len(rest) > 0; {
		n := binary.BigEndian.Uint32(rest)
		body := rest[8 : 8+n]
		switch string(rest[4:8]) {
		case "IHDR":
			header = body
		case "IDAT":
			data = append(data, body...)
		}
		rest = rest[12+n:]
	}
	return header, data, nil
}

func writeChunk(out *bytes.Buffer, kind string, body []byte) {
	chunk := append([]byte(kind), body...)
	out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(body))))
	out.Write(chunk)
	out.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk)))
}
