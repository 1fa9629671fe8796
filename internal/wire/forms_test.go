package wire_test

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"testing"

	"puntuale/internal/forms"
)

// TestDocumentVectorIsCanonical holds package forms, which writes the canonical
// documents, to the one in the vectors.
func TestDocumentVectorIsCanonical(t *testing.T) {
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Document struct {
			Application, Bytes, Digest string
			Answers                    map[string]string
		}
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(v.Document.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	d, err := forms.Thaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	if d.Application.String() != v.Document.Application || !maps.Equal(d.Answers, forms.Answers(v.Document.Answers)) {
		t.Errorf("read %+v", d)
	}
	if _, digest, err := forms.Freeze(&d); err != nil || digest.String() != v.Document.Digest {
		t.Errorf("digest %s, %v", digest, err)
	}
}
