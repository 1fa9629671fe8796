package timestamping

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"

	"puntuale/internal/clock"
)

// Authority is an RFC 3161 time-stamping authority reached over HTTP.
type Authority struct {
	URL   string
	HTTP  *http.Client
	Roots *x509.CertPool // trusted for it; nil for those of the system
	Clock clock.Clock
	// MaxOff is how far the authority's time may be from ours before its
	// answer is refused: something is wrong with one of the two clocks.
	MaxOff time.Duration
}

var (
	// ErrNonce says that an answer belongs to another request.
	ErrNonce = errors.New("timestamping: the answer is to another request")
	// ErrFarOff says that the time in a token is far from ours.
	ErrFarOff = errors.New("timestamping: the authority's time is far from ours")
	// ErrRefused is wrapped when the authority answers, but gives no token.
	ErrRefused = errors.New("timestamping: the authority gave no token")
)

const (
	queryType = "application/timestamp-query"
	replyType = "application/timestamp-reply"
	nonceBits = 128
)

// Ask gets a token about the SHA-256 of some bytes. Nothing is returned that
// Check, the nonce and the clock have not confirmed. A request that fails may
// have been answered all the same; asking again only costs another token.
func (a *Authority) Ask(ctx context.Context, about []byte) ([]byte, Token, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), nonceBits))
	if err != nil {
		return nil, Token{}, fmt.Errorf("timestamping: %w", err)
	}
	imprint := sha256.Sum256(about)
	query, err := (&timestamp.Request{
		HashAlgorithm: crypto.SHA256, HashedMessage: imprint[:], Certificates: true, Nonce: nonce,
	}).Marshal()
	if err != nil {
		return nil, Token{}, fmt.Errorf("timestamping: %w", err)
	}
	reply, err := a.post(ctx, query)
	if err != nil {
		return nil, Token{}, err
	}
	if err := checkDER(reply, 0); err != nil {
		return nil, Token{}, err
	}
	ts, err := timestamp.ParseResponse(reply)
	if err != nil {
		return nil, Token{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	token, err := Check(ts.RawToken, about, a.Roots)
	if err != nil {
		return nil, Token{}, err
	}
	if token.Nonce == nil || token.Nonce.Cmp(nonce) != 0 {
		return nil, Token{}, ErrNonce
	}
	if off := a.Clock.Now().Sub(token.Time).Abs(); off > a.MaxOff {
		return nil, Token{}, fmt.Errorf("%w: by %s", ErrFarOff, off)
	}
	return ts.RawToken, token, nil
}

func (a *Authority) post(ctx context.Context, query []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("timestamping: %w", err)
	}
	req.Header.Set("Content-Type", queryType)
	req.Header.Set("Accept", replyType)
	res, err := a.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("timestamping: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != replyType {
		return nil, fmt.Errorf("%w: it answered %s, %s", ErrRefused, res.Status, res.Header.Get("Content-Type"))
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, MaxToken+1))
	if err != nil {
		return nil, fmt.Errorf("timestamping: %w", err)
	}
	if len(b) > MaxToken {
		return nil, fmt.Errorf("%w: an answer of more than %d bytes", ErrRefused, MaxToken)
	}
	return b, nil
}
