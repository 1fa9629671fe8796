package evidence

import (
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
)

var say = verdict.Say

// causes are what errors are called in Italian.
var causes = []verdict.Cause{
	{Err: errNoAttachment, IT: "il PDF non ha l’allegato prova.json"},
	{Err: errTwoProofs, IT: "il PDF ha più di un allegato con una prova"},
	{Err: errNoSeal, IT: "non c’è un sigillo su tutto il file"},
	{Err: errSealForm, IT: "non è scritto nell’unico modo ammesso"},
	{Err: errSealKey, IT: "non l’ha apposto nessuno dei certificati di cui ci si fida"},
	{Err: errSealPeriod, IT: "il certificato non era valido in quel momento"},
	{Err: errSealBytes, IT: "i byte del file non sono quelli sigillati"},
	{Err: errNoKey, IT: "tra le chiavi di cui ci si fida non c’è quella di un registro"},
	{Err: errNoteForm, IT: "la firma non è scritta nell’unico modo ammesso"},
	{Err: errOtherKey, IT: "la chiave nominata nella prova non è quella che ha firmato"},
	{Err: errNoNode, IT: "la chiave del nodo non è tra quelle di cui ci si fida"},
	{Err: errOtherNode, IT: "la chiave del nodo nominata nella prova non è quella che ha firmato"},
	{Err: ledger.ErrEvidence, IT: "non è la prova di una ricevuta, o è stata cambiata"},
}

// Labels of facts.
var (
	valueLabel      = say("Valore", "Value")
	valuePlayed     = say("PROVA – senza valore: è una prova generale, non una domanda presentata", "REHEARSAL – no value: this is a rehearsal, not a submitted application")
	outcomeLabel    = say("Esito", "Outcome")
	protocolLabel   = say("Numero di protocollo", "Protocol number")
	dayLabel        = say("Giorno", "Click day")
	arrivedLabel    = say("Arrivo (UTC)", "Arrival (UTC)")
	boundLabel      = say("Incertezza dell’orologio", "Uncertainty of the clock")
	nodeLabel       = say("Nodo", "Node")
	sourceLabel     = say("Ora presa da", "Time taken by")
	clockLabel      = say("Stato dell’orologio", "State of the clock")
	positionLabel   = say("Posizione nel registro", "Position in the ledger")
	submissionLabel = say("Invio", "Submission")
)

var outcomeWords = map[ledger.Outcome]clickday.Text{
	ledger.Numbered: say("numerata", "numbered"), ledger.Repeated: say("ripetuta", "repeated"), ledger.Refused: say("respinta", "refused"),
}

// Titles and details of checks.
var (
	sealTitle        = say("Sigillo dell’ente su tutto il PDF", "The body’s seal over the whole PDF")
	sealNone         = say("È stato dato il solo allegato, senza il PDF che lo sigilla.", "Only the attachment was given, without the PDF that seals it.")
	proofTitle       = say("Prova allegata (prova.json)", "Attached proof (prova.json)")
	proofDetail      = say("È leggibile e scritta nell’unico modo ammesso.", "It can be read and is written in the only way allowed.")
	checkpointTitle  = say("Testa del registro firmata", "Signed head of the ledger")
	inclusionTitle   = say("La riga è nel registro", "The row is in the ledger")
	timestampTitle   = say("Marca temporale della testa (RFC 3161)", "Time-stamp of the head (RFC 3161)")
	timestampNone    = say("La ricevuta non ha una marca temporale.", "The receipt has no time-stamp.")
	timestampUnknown = say("C’è una marca temporale, ma nessuna autorità di cui fidarsi fra le chiavi.", "There is a time-stamp, but no authority to trust among the keys.")
	ackTitle         = say("Esito “Invio corretto” firmato dal nodo", "Acknowledgement signed by the node")
	ackNone          = say("La ricevuta non contiene l’esito dell’invio.", "The receipt does not contain the acknowledgement.")
	ackDetail        = say("Il nodo ha firmato l’arrivo di questo invio.", "The node has signed the arrival of this submission.")
	sameTitle        = say("Esito e registro dicono la stessa cosa", "Acknowledgement and ledger say the same")
	sameDetail       = say("Stesso invio, stesso momento, stesso nodo, stesso orologio.", "Same submission, same time, same node, same clock.")
)

func sealDetail(s seal) clickday.Text {
	at := s.At.Format(time.RFC3339)
	return say("Sigillato da “%s”; ora dichiarata: %s. Nessun byte è cambiato da allora.", "Sealed by “%s”; stated time: %s. No byte has changed since.", s.Subject, at)
}

func checkpointDetail(size int64) clickday.Text {
	return say("La chiave del registro ha firmato %d righe.", "The ledger’s key has signed %d rows.", size)
}

func inclusionDetail(index, size int64) clickday.Text {
	return say("Il percorso dalla riga %d porta alla radice firmata di %d righe.", "The path from row %d leads to the signed root of %d rows.", index, size)
}

func timestampDetail(at time.Time) clickday.Text {
	s := at.UTC().Format(time.RFC3339)
	return say("La testa esisteva già alle %s.", "The head existed at %s already.", s)
}

// What is wrong, and what it means.

func sealWrong(err error) clickday.Text {
	return verdict.Because("Il sigillo non vale", "The seal does not hold", err, causes)
}

var sealMeans = say("Il PDF è stato modificato, o non è stato emesso da questo ente.", "The PDF was changed, or was not issued by this body.")

func proofWrong(err error) clickday.Text {
	return verdict.Because("La prova non si può leggere", "The proof cannot be read", err, causes)
}

var (
	proofMeans   = say("È stata modificata.", "It was changed.")
	proofMissing = say("Senza la prova allegata la ricevuta non dimostra la posizione nel registro.", "Without the attached proof the receipt does not prove a place in the ledger.")
)

func checkpointWrong(err error) clickday.Text {
	return trust.HeadWrong(err, causes...)
}

var (
	checkpointMeans = say("Nessuno di cui ci si fida ha firmato questo registro.", "Nobody who is trusted has signed this ledger.")
	inclusionWrong  = say("Il percorso non porta alla radice firmata.", "The path does not lead to the signed root.")
	inclusionMeans  = say("Questa riga non sta nel registro in quella posizione.", "This row does not stand in the ledger at that position.")
)

func timestampWrong(err error) clickday.Text {
	return trust.TimestampWrong(err)
}

var timestampMeans = say("Non è dimostrato quando la testa è stata firmata.", "It is not proven when the head was signed.")

func ackWrong(err error) clickday.Text {
	return verdict.Because("L’esito dell’invio non vale", "The acknowledgement does not hold", err, causes)
}

var (
	ackMeans  = say("Non è dimostrato che il nodo abbia ricevuto questo invio in quel momento.", "It is not proven that the node received this submission at that time.")
	sameMeans = say("Il registro dice una cosa diversa da quella firmata all’arrivo.", "The ledger says something else than what was signed on arrival.")
)

func differs(name clickday.Text, ack, leaf string) clickday.Text {
	return clickday.Text{
		IT: name.IT + ": l’esito dice " + ack + ", il registro " + leaf + ".",
		EN: name.EN + ": the acknowledgement says " + ack + ", the ledger " + leaf + ".",
	}
}

// boundWords writes the bound of a clock for a person.
func boundWords(d time.Duration) clickday.Text {
	if d == 0 {
		return say("non misurata", "not measured")
	}
	return clickday.Text{IT: boundText(d), EN: boundText(d)}
}

// boundText writes the bound of a clock, which 0 leaves open.
func boundText(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return "±" + d.String()
}
