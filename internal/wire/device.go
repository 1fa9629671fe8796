package wire

import (
	"crypto/ed25519"
	"crypto/sha256"

	"puntuale/internal/clickday"
)

// SignDevice proves to the portal that whoever holds the access token also
// holds the device key.
func SignDevice(device ed25519.PrivateKey, accessToken string) []byte {
	return ed25519.Sign(device, deviceMessage(accessToken))
}

// CheckDevice verifies the proof. The error carries CodeSignature.
func CheckDevice(public ed25519.PublicKey, accessToken string, proof []byte) error {
	if len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, deviceMessage(accessToken), proof) {
		return fail(clickday.CodeSignature, "proof of the device key does not match")
	}
	return nil
}

func deviceMessage(accessToken string) []byte {
	sum := sha256.Sum256([]byte(accessToken))
	return append([]byte(domainDevice), sum[:]...)
}
