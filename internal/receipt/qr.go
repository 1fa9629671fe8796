package receipt

import (
	"fmt"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// quietZone is the white border that readers need, in modules.
const quietZone = 4

// code is a QR code.
type code struct {
	address string
	modules *qr.Code
}

func newCode(address string) (*code, error) {
	c, err := qr.Encode(address, qr.M)
	if err != nil {
		return nil, fmt.Errorf("receipt: QR code of an address of %d bytes: %w", len(address), err)
	}
	return &code{address, c}, nil
}

// qrCode draws the code with its quiet zone into a white square and makes the
// square a link. It is one path of horizontal bars, so that no viewer shows
// seams between modules.
func (c *canvas) qrCode(x, y, side float64, code *code) {
	if c.pdf == nil {
		return
	}
	c.box(x, y, side, side, colour{255, 255, 255})
	n := code.modules.Size
	step := side / float64(n+2*quietZone)
	var path strings.Builder
	path.WriteString("q 0 g\n")
	for row := range n {
		for from := 0; from < n; from++ {
			to := from
			for to < n && code.modules.Black(to, row) {
				to++
			}
			if to > from {
				bar(&path, x+float64(from+quietZone)*step, y+float64(row+quietZone)*step, float64(to-from)*step, step)
				from = to
			}
		}
	}
	path.WriteString("f Q")
	c.pdf.RawWriteStr(path.String())
	c.pdf.LinkString(x, y, side, side, code.address)
}

// bar adds a rectangle to a path; PDF measures in points from the lower left corner.
func bar(path *strings.Builder, x, y, width, height float64) {
	for _, v := range [4]float64{x, pageHeight - y - height, width, height} {
		path.WriteString(strconv.FormatFloat(v/mmPerPoint, 'f', 3, 64))
		path.WriteByte(' ')
	}
	path.WriteString("re\n")
}
