package receipt

import (
	"fmt"

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
// square a link.
func (c *canvas) qrCode(x, y, side float64, code *code) {
	c.box(x, y, side, side, white)
	c.add(mark{x: x, y: y, width: side, height: side, colour: black, code: code})
	c.link(x, y, side, side, code.address)
}
