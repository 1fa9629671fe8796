//go:build !linux

package intake

import "time"

// begin gives the connection a goroutine of its own.
func (d *door) begin(c *counted) { d.serve(c.outer) }

// attach is never called where there are no loops.
func (c *counted) attach(time.Duration) {}

// post is never called where there are no loops.
func (c *counted) post(b []byte) error {
	_, err := c.Conn.Write(b)
	return err
}
