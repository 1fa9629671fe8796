package loadjudge

import (
	"fmt"

	"puntuale/internal/clickday"
	"puntuale/internal/evidence"
	"puntuale/internal/ledger"
	"puntuale/internal/trust"
)

// CheckReceipt verifies a PDF as the holder of the submission would: seal,
// evidence, inclusion in the ledger, acknowledgement.
func CheckReceipt(of clickday.SubmissionID, pdf []byte, keys *trust.Keys) (Receipt, error) {
	out := Receipt{Submission: of}
	report, err := evidence.Verify(pdf, keys)
	if err != nil {
		return out, fmt.Errorf("loadjudge: %w", err)
	}
	if len(report.Findings) > 0 {
		out.Wrong = report.Findings[0].What.EN
		return out, nil
	}
	proof, err := evidence.Proof(pdf)
	if err == nil {
		var leaf ledger.Leaf
		leaf, err = ledger.ParseLeaf([]byte(proof.Leaf))
		out.Claims, out.Number = leaf.Submission, leaf.Number
	}
	if err != nil {
		out.Wrong = err.Error()
	}
	return out, nil
}
