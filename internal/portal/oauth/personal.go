package oauth

import "strings"

// personalPrefix begins personal access tokens, so that scanners for secrets
// know them and they are never taken for those of a mini-client.
const personalPrefix = "pun_"

// hintLength is how many characters at the end of a token may be shown later.
const hintLength = 4

// NewPersonal makes a personal access token: 256 bits, its hash, and the hint
// that lists show of it.
func NewPersonal() (token string, hash [32]byte, hint string) {
	secret, _ := fresh()
	token = personalPrefix + secret
	return token, Hash(token), token[len(token)-hintLength:]
}

// IsPersonal reports whether a token has the form of a personal access token.
func IsPersonal(token string) bool { return strings.HasPrefix(token, personalPrefix) }
