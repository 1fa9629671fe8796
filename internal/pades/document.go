package pades

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
)

// document is what must be known of a PDF to append to it.
type document struct {
	pdf     []byte
	xref    int    // offset of the cross-reference table
	size    int    // one more than the greatest object number
	offsets []int  // by object number
	root    object // the catalog
	info    string // reference to the document information, "41 0 R"
	page    object // the first page
}

// object is one object of the file.
type object struct {
	number int
	dict   []byte // between the outer << and >>
}

var (
	startPattern = regexp.MustCompile(`startxref\s+(\d+)\s+%%EOF\s*$`)
	xrefPattern  = regexp.MustCompile(`^xref\s+0 (\d+)\s*\n`)
	sizePattern  = regexp.MustCompile(`/Size (\d+)`)
	rootPattern  = regexp.MustCompile(`/Root (\d+) 0 R`)
	infoPattern  = regexp.MustCompile(`/Info (\d+ 0 R)`)
	pagesPattern = regexp.MustCompile(`/Pages (\d+) 0 R`)
	kidsPattern  = regexp.MustCompile(`/Kids \[\s*(\d+) 0 R`)
)

// entrySize is the length of one line of a cross-reference table.
const entrySize = 20

// read finds the catalog and the first page. It accepts files with a single
// cross-reference table of one section, generation 0 throughout.
func read(pdf []byte) (*document, error) {
	d := &document{pdf: pdf}
	var err error
	if d.xref, err = number(startPattern, tail(pdf, 64)); err != nil {
		return nil, err
	}
	if d.xref >= len(pdf) {
		return nil, fmt.Errorf("%w: the cross-reference table lies beyond the end", ErrUnsupported)
	}
	if err := d.readTable(pdf[d.xref:]); err != nil {
		return nil, err
	}
	if d.root, err = d.object(rootPattern, pdf[d.xref:]); err != nil {
		return nil, err
	}
	if bytes.Contains(d.root.dict, []byte("/AcroForm")) {
		return nil, ErrSealed
	}
	info := infoPattern.FindSubmatch(pdf[d.xref:])
	if info == nil {
		return nil, fmt.Errorf("%w: no %s", ErrUnsupported, infoPattern)
	}
	d.info = string(info[1])
	pages, err := d.object(pagesPattern, d.root.dict)
	if err != nil {
		return nil, err
	}
	d.page, err = d.object(kidsPattern, pages.dict)
	return d, err
}

func (d *document) readTable(table []byte) error {
	// A sealed document ends in a table of a few changed objects.
	if bytes.Contains(table, []byte("/Prev ")) {
		return ErrSealed
	}
	header := xrefPattern.FindSubmatchIndex(table)
	if header == nil {
		return fmt.Errorf("%w: no classic cross-reference table", ErrUnsupported)
	}
	count, err := number(xrefPattern, table)
	if err != nil {
		return err
	}
	if d.size, err = number(sizePattern, table); err != nil {
		return err
	}
	if d.size != count || count > (len(table)-header[1])/entrySize {
		return fmt.Errorf("%w: the cross-reference table is not whole", ErrUnsupported)
	}
	d.offsets = make([]int, count)
	for i := range d.offsets {
		entry := table[header[1]+i*entrySize:]
		if d.offsets[i], err = strconv.Atoi(string(entry[:10])); err != nil {
			return fmt.Errorf("%w: the cross-reference table is not made of numbers", ErrUnsupported)
		}
	}
	return nil
}

// object returns the object that the first match of pattern in b refers to,
// which must be a dictionary without a stream.
func (d *document) object(pattern *regexp.Regexp, b []byte) (object, error) {
	n, err := number(pattern, b)
	if err != nil {
		return object{}, err
	}
	if n >= len(d.offsets) || d.offsets[n] >= len(d.pdf) {
		return object{}, fmt.Errorf("%w: object %d is not in the file", ErrUnsupported, n)
	}
	body := d.pdf[d.offsets[n]:]
	start := []byte(fmt.Sprintf("%d 0 obj\n<<", n))
	end := bytes.Index(body, []byte(">>\nendobj"))
	if !bytes.HasPrefix(body, start) || end < len(start) {
		return object{}, fmt.Errorf("%w: object %d is not a plain dictionary", ErrUnsupported, n)
	}
	return object{number: n, dict: body[len(start):end]}, nil
}

// number returns the first group of pattern's first match in b.
func number(pattern *regexp.Regexp, b []byte) (int, error) {
	m := pattern.FindSubmatch(b)
	if m == nil {
		return 0, fmt.Errorf("%w: no %s", ErrUnsupported, pattern)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrUnsupported, pattern, err)
	}
	return n, nil
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }
