package loadgen

// pending is a request in flight, for the look at those that wait too long.
type pending struct {
	c    *openConn
	turn uint32
}

// idleRing is a queue of idle connections.
type idleRing struct {
	list []*openConn
	head int
}

func (r *idleRing) push(c *openConn) {
	if r.head > 1024 && r.head > len(r.list)/2 {
		r.list = append(r.list[:0], r.list[r.head:]...)
		r.head = 0
	}
	r.list = append(r.list, c)
}

// pop returns the connection that has been idle longest, or nil.
func (r *idleRing) pop() *openConn {
	for r.head < len(r.list) {
		c := r.list[r.head]
		r.list[r.head] = nil
		r.head++
		if !c.dead {
			return c
		}
	}
	return nil
}

func (r *idleRing) front() *openConn {
	for r.head < len(r.list) && r.list[r.head].dead {
		r.head++
	}
	if r.head == len(r.list) {
		return nil
	}
	return r.list[r.head]
}
