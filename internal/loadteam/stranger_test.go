package loadteam

import (
	"crypto/tls"
	"net/http"
	"testing"
)

// answered reports whether the controller answers a question.
func answered(t *testing.T, at string, config *tls.Config) bool {
	t.Helper()
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	defer web.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+at+"/time", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := web.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return true
}
