package verify

import (
	"errors"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
	"puntuale/internal/wire"
)

var errNoNode = errors.New("the key of the node is not among those trusted")

// Words about acknowledgements.
var (
	ackTitle  = verdict.Say("Esito “Invio corretto” firmato dal nodo", "Acknowledgement signed by the node")
	ackDetail = verdict.Say("Il nodo ha firmato l’arrivo di questo invio, in quel momento.", "The node has signed the arrival of this submission, at that time.")
	ackMeans  = verdict.Say("Il file è stato alterato, o non è di un nodo di questa amministrazione.", "The file was altered, or is not of a node of this body.")

	arrivalLabel    = verdict.Say("Arrivo (UTC)", "Arrival (UTC)")
	submissionLabel = verdict.Say("Invio", "Submission")
	clockLabel      = verdict.Say("Orologio", "Clock")
)

// acknowledgement checks an answer of the intake with the keys of the nodes.
func acknowledgement(b []byte, k *trust.Keys) *verdict.Report {
	r := verdict.New(string(Acknowledgement))
	a, err := wire.ParseAcknowledgement(b)
	if err == nil {
		r.Fact("submission", submissionLabel, a.Leaf.ID.String())
		r.Fact("arrived", arrivalLabel, a.Leaf.Stamp.Time().Format(time.RFC3339Nano))
		r.Fact("clock", clockLabel, a.Leaf.Stamp.Clock.String()+" ±"+a.Leaf.Stamp.Bound.String())
		err = signed(&a, k)
	}
	if err != nil {
		r.Find(verdict.Finding{Check: "acknowledgement", Means: ackMeans, What: wrong(err)})
	}
	r.Settle("acknowledgement", ackTitle, ackDetail)
	return r.Close()
}

func signed(a *wire.Acknowledgement, k *trust.Keys) error {
	err := errNoNode
	for _, key := range k.NodeKeys(a.Leaf.Stamp.Node, a.KeyID) {
		if err = a.Check(a.Leaf.ID, key); err == nil {
			return nil
		}
	}
	return err
}

func wrong(err error) clickday.Text {
	return verdict.Because("L’esito non vale", "The acknowledgement does not hold", err,
		[]verdict.Cause{{Err: errNoNode, IT: "la chiave del nodo non è tra quelle di cui ci si fida"}})
}
