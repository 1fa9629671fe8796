package clienttest

import (
	"crypto/ed25519"
	"encoding/hex"
	"io"
	"net/http"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

func (s *Server) intakeRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.PathSubmit, s.submit)
	mux.HandleFunc("GET "+wire.PathSubmit+"/{id}", s.status)
	mux.HandleFunc("POST "+wire.PathWarm, s.showTicket)
	mux.HandleFunc("GET "+wire.PathTime, s.time)
	mux.HandleFunc("GET "+wire.PathCalendar, func(w http.ResponseWriter, _ *http.Request) { reply(w, wire.TypeCalendar, s.sealedCalendar()) })
	return mux
}

func reply(w http.ResponseWriter, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Write(body) //nolint:errcheck // the client under test may have gone
}

func refuse(w http.ResponseWriter, p wire.Problem) {
	w.Header().Set("Content-Type", wire.TypeProblem)
	w.WriteHeader(p.Status)
	w.Write(p.Bytes()) //nolint:errcheck // the client under test may have gone
}

func (s *Server) sealedCalendar() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sealedLocked()
}

func (s *Server) sealedLocked() []byte {
	b, err := wire.SealCalendar(&s.calendar, s.calKey)
	if err != nil {
		panic(err) // a calendar that a test has broken
	}
	return b
}

func (s *Server) time(w http.ResponseWriter, r *http.Request) {
	a := wire.TimeAnswer{ReceivedAt: s.clk.Now().UnixNano(), Source: clickday.StampUserSpace, Clock: clickday.ClockUnknown, Node: 1}
	if n, err := hex.Decode(a.Nonce[:], []byte(r.URL.Query().Get("nonce"))); err != nil || n != wire.NonceSize {
		refuse(w, wire.NewProblem(clickday.CodeRequest))
		return
	}
	s.mu.Lock()
	a.CalendarVersion = s.calendar.Version
	s.mu.Unlock()
	a.SentAt = s.clk.Now().UnixNano()
	reply(w, wire.TypeTime, wire.SealTime(&a, s.nodeKey))
}

func (s *Server) submit(w http.ResponseWriter, r *http.Request) {
	envelope, err := io.ReadAll(r.Body)
	arrived := s.clk.Now().UnixNano()
	if err != nil {
		return
	}
	id := wire.IDOf(envelope)
	f := s.nextFault(id, r)
	switch f {
	case CutBefore:
		panic(http.ErrAbortHandler)
	case Overloaded:
		refuse(w, wire.NewProblem(clickday.CodeOverloaded))
		return
	case WrongKey:
		refuse(w, wire.NewProblem(clickday.CodeTicketInvalid))
		return
	}
	ack, p := s.accept(envelope, id, arrived, f)
	if f == LostAfter {
		panic(http.ErrAbortHandler)
	}
	if p != nil {
		refuse(w, *p)
		return
	}
	reply(w, wire.TypeAcknowledgement, wire.AppendAcknowledgement(nil, &ack))
}

func (s *Server) nextFault(id clickday.SubmissionID, r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts[id]++
	s.visits[visit{guestOf(r) != nil, r.URL.Path}]++
	if s.fault == nil {
		return Fine
	}
	return s.fault(id, s.attempts[id])
}

// accept checks as the intake does and stores; a repeat gets the same answer.
func (s *Server) accept(envelope []byte, id clickday.SubmissionID, arrived int64, f Fault) (wire.Acknowledgement, *wire.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := wire.ParseEnvelope(envelope)
	if err == nil {
		err = e.CheckSignature()
	}
	if err == nil {
		err = wire.CheckTicket(e.TicketBytes, &e.Ticket, ring(s.ticket), s.clk.Now())
	}
	if err != nil {
		p := wire.NewProblem(clickday.CodeMalformed)
		return wire.Acknowledgement{}, &p
	}
	day := s.calendar.Day(e.Ticket.Day)
	if day == nil {
		day = &s.calendar.Days[0]
	}
	phase := day.PhaseAt(arrived)
	code := map[clickday.Phase]clickday.Code{
		clickday.PhaseBefore: clickday.CodeTooEarly, clickday.PhaseAfter: clickday.CodeTooLate, clickday.PhaseSuspended: clickday.CodeSuspended,
	}[phase]
	if f == EarlyRefusal {
		code = clickday.CodeTooEarly
	}
	if code != "" {
		p := wire.NewProblem(code)
		p.ServerTime, p.ReceivedAt, p.OpensAt, p.CalendarVersion = s.clk.Now().UnixNano(), arrived, day.Opens, s.calendar.Version
		return wire.Acknowledgement{}, &p
	}
	if a, twice := s.stored[id]; twice {
		return a, nil
	}
	a := s.sign(id, arrived, f == Forged)
	if f != Forged {
		s.stored[id] = a
		s.order = append(s.order, id)
		app := e.Ticket.Application.String()
		if _, again := s.sent[app]; !again {
			s.sent[app] = id
		}
		if s.numbers[app] == 0 {
			s.numbers[app] = int64(len(s.numbers) + 1)
		}
	}
	return a, nil
}

func (s *Server) sign(id clickday.SubmissionID, arrived int64, forge bool) wire.Acknowledgement {
	public := s.nodeKey.Public().(ed25519.PublicKey)
	leaf := wire.Leaf{ID: id, Stamp: clickday.Stamp{
		UnixNano: arrived, Source: clickday.StampUserSpace, Clock: clickday.ClockUnknown, Node: 1, Journal: 1, Sequence: uint64(len(s.order) + 1),
	}}
	other := wire.HashLeaf([]byte("somebody else's leaf in the same batch"))
	own := wire.HashLeaf(wire.AppendLeaf(nil, &leaf))
	leaves := [][32]byte{other, own, other}
	st := wire.BatchStatement{Node: 1, Journal: 1, Batch: uint64(len(s.order) + 1), Count: 3, Root: wire.TreeRoot(leaves)}
	a := wire.Acknowledgement{
		Leaf: leaf, Batch: st.Batch, Index: 1, Count: 3, KeyID: wire.KeyID(public), Path: wire.TreePath(leaves, 1),
	}
	copy(a.Signature[:], ed25519.Sign(s.nodeKey, st.Message()))
	if forge {
		a.Signature[10] ^= 1
	}
	return a
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	id, err := clickday.ParseSubmissionID(strings.ToLower(r.PathValue("id")))
	s.mu.Lock()
	a, ok := s.stored[id]
	s.mu.Unlock()
	if err != nil || !ok {
		refuse(w, wire.NewProblem(clickday.CodeNotFound))
		return
	}
	reply(w, wire.TypeAcknowledgement, wire.AppendAcknowledgement(nil, &a))
}

// ring is a key ring of one key.
type ring []byte

func (r ring) TicketKey(id uint32) []byte {
	if id != 1 {
		return nil
	}
	return r
}
