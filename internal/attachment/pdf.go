package attachment

import (
	"bytes"
	"compress/zlib"
	"io"
)

// maxInflated bounds what the object streams of one file may unpack to.
const maxInflated = 32 << 20

// active are names (ISO 32000) that let a document do something, carry another
// file, or fetch one. A name tree /EmbeddedFiles may be empty; /EF refers to a file.
var active = [][]byte{
	[]byte("JavaScript"), []byte("JS"), []byte("Launch"), []byte("EmbeddedFile"), []byte("EF"), []byte("RichMedia"),
	[]byte("XFA"), []byte("GoToE"), []byte("ImportData"), []byte("SubmitForm"), []byte("Rendition"), []byte("Sound"), []byte("Movie"),
}

func checkPDF(b []byte) error {
	tail := b[max(0, len(b)-2048):]
	if len(b) < 64 || b[5] < '1' || b[5] > '2' || b[6] != '.' || !bytes.Contains(tail, []byte("%%EOF")) || !bytes.Contains(tail, []byte("startxref")) {
		return ErrBroken
	}
	if err := checkNames(b); err != nil {
		return err
	}
	return checkStreams(b)
}

// checkNames looks at every name, also where its letters are written as #xx.
func checkNames(b []byte) error {
	for {
		i := bytes.IndexByte(b, '/')
		if i < 0 {
			return nil
		}
		b = b[i+1:]
		name, plain := nameAt(b)
		if string(name) == "Encrypt" && plain {
			return ErrLocked
		}
		for _, a := range active {
			if bytes.Equal(name, a) {
				return ErrActive
			}
		}
	}
}

// nameAt reads the name that b begins with; plain says that it was written
// without escapes.
func nameAt(b []byte) (name []byte, plain bool) {
	const longest = 40
	plain = true
	for i := 0; i < len(b) && len(name) < longest; i++ {
		c := b[i]
		if c == '#' && i+2 < len(b) {
			if v, ok := hexByte(b[i+1], b[i+2]); ok {
				name, plain, i = append(name, v), false, i+2
				continue
			}
		}
		if c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte("/<>[](){}%"), c) >= 0 {
			return name, plain
		}
		name = append(name, c)
	}
	return name, plain
}

func hexByte(a, b byte) (byte, bool) {
	hi, ok1 := nibble(a)
	lo, ok2 := nibble(b)
	return hi<<4 | lo, ok1 && ok2
}

func nibble(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// checkStreams unpacks the streams that hold objects and looks at their names.
// What kind a stream is stands in the dictionary before it.
func checkStreams(b []byte) error {
	left := int64(maxInflated)
	for {
		i := bytes.Index(b, []byte("stream"))
		if i < 0 {
			return nil
		}
		before := b[:i]
		b = b[i+len("stream"):]
		if bytes.HasSuffix(before, []byte("end")) {
			continue
		}
		dictionary := before[max(0, len(before)-2048):]
		if j := bytes.LastIndex(dictionary, []byte(" obj")); j >= 0 {
			dictionary = dictionary[j:]
		}
		if !hasName(dictionary, "ObjStm") {
			continue
		}
		objects, err := inflate(bytes.TrimLeft(b, "\r\n"), &left)
		if err != nil {
			return err
		}
		if err := checkNames(objects); err != nil {
			return err
		}
	}
}

func hasName(b []byte, want string) bool {
	for {
		i := bytes.IndexByte(b, '/')
		if i < 0 {
			return false
		}
		b = b[i+1:]
		if name, _ := nameAt(b); string(name) == want {
			return true
		}
	}
}

// inflate unpacks a Flate stream. Objects that are packed in another way, or
// several times, cannot be looked at and count as damaged.
func inflate(b []byte, left *int64) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, ErrBroken
	}
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, *left+1))
	if err != nil && len(out) == 0 || int64(len(out)) > *left {
		return nil, ErrBroken
	}
	*left -= int64(len(out))
	return out, nil
}
