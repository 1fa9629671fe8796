package trust

import (
	"crypto/x509"
	"time"

	"puntuale/internal/timestamping"
)

// CheckTimestamp checks an RFC 3161 token (DER) over the SHA-256 of message,
// signed by somebody whom one of the Timestamps has certified for that, and
// returns its time. Errors are those of package timestamping.
func (k *Keys) CheckTimestamp(token, message []byte) (time.Time, error) {
	known, err := k.TimestampCertificates()
	if err != nil {
		return time.Time{}, err
	}
	roots := x509.NewCertPool()
	for _, c := range known {
		roots.AddCert(c)
	}
	t, err := timestamping.Check(token, message, roots)
	return t.Time, err
}
