package site

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
)

// actingKey is in the session: the account that the person acts for, absent for
// their own.
const actingKey = "acting"

// actingField is in forms that would be right for any account: which one the
// page was made for.
const actingField = "acting"

var (
	// errActingOver: the person may no longer act for the account that they
	// chose. The session is back at their own; this request has done nothing.
	errActingOver = errors.New("site: may no longer act for the account")
	// errActingChanged: the page was made for another account than the one
	// that was chosen meanwhile, in another window.
	errActingChanged = errors.New("site: another account is chosen")
)

// actingErrors are the pages of these errors.
var actingErrors = []ErrorPage{
	{Err: errActingOver, Status: http.StatusForbidden, Key: "error.acting"},
	{Err: errActingChanged, Status: http.StatusConflict, Key: "error.other"},
}

// ActingStore says who may act for whom.
type ActingStore interface {
	// ActingFor returns the account and the role in which the person may act
	// for it at that instant, or accounts.ErrNotFound.
	ActingFor(ctx context.Context, who parties.Actor) (parties.Acting, error)
}

// actFor takes the account of the session, if the person may still act for it:
// that is asked of the database at every request. If not, nothing is done in the
// person's own name instead, which is not what they wanted.
func (s *Site) actFor(r *http.Request, v *Visit) error {
	v.Role = parties.Owner
	id := clickday.AccountID(s.sessions.GetInt64(r.Context(), actingKey))
	if id == 0 || id == v.Person.ID {
		return nil
	}
	acting, err := s.cfg.Store.ActingFor(r.Context(), parties.Actor{Person: v.Person.ID, Account: id, At: s.clock.Now()})
	if errors.Is(err, accounts.ErrNotFound) {
		return errActingOver
	}
	if err != nil {
		return err
	}
	v.Account, v.Role = &acting.Account, acting.Role
	return nil
}

// mayGoOn is the error of recognise as a route sees it. What is for everybody is
// shown all the same; the first personal page tells the person, once.
func (s *Site) mayGoOn(r *http.Request, rt Route, err error) error {
	if !errors.Is(err, errActingOver) {
		return err
	}
	if rt.Access == Public {
		return nil
	}
	s.sessions.Remove(r.Context(), actingKey)
	return err
}

// SameAccount refuses a form that was made for another account. The frame asks
// it of every form; routes that read uploads themselves ask it then.
func (s *Site) SameAccount(r *http.Request, v *Visit) error {
	meant := r.PostForm.Get(actingField)
	if meant == "" || v.Account != nil && meant == strconv.FormatInt(int64(v.Account.ID), 10) {
		return nil
	}
	return errActingChanged
}

// ActFor chooses the account that the session acts for from the next request on;
// the person's own account ends it. Whether they may is checked then.
func (s *Site) ActFor(r *http.Request, v *Visit, id clickday.AccountID) {
	if id == v.Person.ID {
		s.sessions.Remove(r.Context(), actingKey)
		return
	}
	s.sessions.Put(r.Context(), actingKey, int64(id))
}

// Acting reports whether the visitor acts for somebody else.
func (v *Visit) Acting() bool { return v.Person != nil && v.Person.ID != v.Account.ID }

// Acting is Visit.Acting, for the layout.
func (b *Base) Acting() bool {
	return b.Person != nil && b.Account != nil && b.Person.ID != b.Account.ID
}
