package evidence

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"regexp"
	"strconv"

	"puntuale/internal/ledger"
)

var (
	errNoAttachment = errors.New("the PDF has no attachment " + ledger.EvidenceName)
	errTwoProofs    = errors.New("the PDF has more than one attachment with a proof")
)

// embeddedPattern is the head of an embedded file, up to its bytes.
var embeddedPattern = regexp.MustCompile(`/Type ?/EmbeddedFile[^\r\n]{0,300}\s{1,4}stream\r?\n`)

var (
	lengthPattern = regexp.MustCompile(`/Length (\d+)`)
	deflated      = []byte("/FlateDecode")
)

// maxProof is far above any real prova.json.
const maxProof = 64 << 10

// attachment returns the proof that a PDF carries: the one embedded file that
// is evidence in form. It trusts nothing; the seal has to be checked besides.
func attachment(pdf []byte) ([]byte, error) {
	var found []byte
	for _, at := range embeddedPattern.FindAllIndex(pdf, 16) {
		content, err := embedded(pdf[at[0]:at[1]], pdf[at[1]:])
		if err != nil || !bytes.Contains(content[:min(len(content), 64)], []byte(ledger.EvidenceFormat)) {
			continue
		}
		if found != nil {
			return nil, errTwoProofs
		}
		found = content
	}
	if found == nil {
		return nil, errNoAttachment
	}
	return found, nil
}

func embedded(head, body []byte) ([]byte, error) {
	m := lengthPattern.FindSubmatch(head)
	if m == nil {
		return nil, errNoAttachment
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil || n > len(body) || n > maxProof {
		return nil, errNoAttachment
	}
	if !bytes.Contains(head, deflated) {
		return body[:n], nil
	}
	z, err := zlib.NewReader(bytes.NewReader(body[:n]))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxProof)) // a closed reader tells nothing more
}

// Proof returns the content of a receipt's prova.json, or of that file itself,
// without checking anything but its form.
func Proof(file []byte) (ledger.Evidence, error) {
	if bytes.HasPrefix(file, []byte("%PDF-")) {
		var err error
		if file, err = attachment(file); err != nil {
			return ledger.Evidence{}, err
		}
	}
	return ledger.ParseEvidence(file)
}
