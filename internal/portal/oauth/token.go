package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"puntuale/internal/portal/limit"
)

// maxForm bounds the body of a token request in bytes.
const maxForm = 8 << 10

// TokenHandler answers POST /oauth/token with RFC 6749 §5 bodies; calls beyond
// the limiter are 429.
func TokenHandler(s *Service, l *limit.Limiter, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.Allow(r) {
			w.Header().Set("Retry-After", "1")
			writeError(w, http.StatusTooManyRequests, &Error{"temporarily_unavailable", "too many requests, wait a second"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			writeError(w, http.StatusBadRequest, &Error{"invalid_request", "body must be a form of at most 8 KiB"})
			return
		}
		token, err := s.Exchange(r.Context(), r.PostForm)
		var refusal *Error
		switch {
		case err == nil:
			writeJSON(w, http.StatusOK, token)
		case errors.As(err, &refusal):
			writeError(w, http.StatusBadRequest, refusal)
		default:
			log.ErrorContext(r.Context(), "token exchange", "err", err)
			writeError(w, http.StatusInternalServerError, &Error{"server_error", "something went wrong on our side"})
		}
	})
}

func writeError(w http.ResponseWriter, status int, e *Error) {
	writeJSON(w, status, map[string]string{"error": e.Code, "error_description": e.Description})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // strings and integers always marshal
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b) // a client that has gone away misses its answer, nothing else
}
