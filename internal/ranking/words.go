package ranking

import (
	"errors"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/quota"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
)

var (
	errOtherText       = errors.New("the signature is over other bytes than these")
	errOtherSignatures = errors.New("want exactly one signature, written in the one way")
	errNoKey           = errors.New("no key of a ledger is trusted")
)

var say = verdict.Say

// causes are what errors are called in Italian.
var causes = []verdict.Cause{
	{Err: errOtherText, IT: "è su byte diversi da questi"},
	{Err: errOtherSignatures, IT: "deve essere una sola, scritta nell’unico modo ammesso"},
	{Err: errNoKey, IT: "tra le chiavi di cui ci si fida non c’è quella di un registro"},
}

// Labels of facts.
var (
	kindLabel     = say("Tipo di elenco", "Kind of list")
	dayLabel      = say("Giorno", "Click day")
	grainLabel    = say("Unità di tempo", "Unit of time")
	rowsLabel     = say("Righe", "Rows")
	numberedLabel = say("Numerate", "Numbered")
	repeatedLabel = say("Ripetute", "Repeated")
	refusedLabel  = say("Respinte", "Refused")
	lateLabel     = say("In ritardo", "Late")
	closeLabel    = say("Coppie indistinguibili", "Pairs too close to call")
	rootLabel     = say("Radice ricalcolata", "Root, recomputed")
	tieLabel      = say("Impegno sul seme", "Commitment to the seed")
	policyLabel   = say("Criterio", "Policy")
	documentLabel = say("Atto (SHA-256)", "Document (SHA-256)")
)

var kindWords = map[Kind]clickday.Text{Provisional: say("provvisorio", "provisional"), Final: say("definitivo", "final")}

// Titles and details of checks.
var (
	signatureTitle  = say("Firma su tutto il file", "Signature over the whole file")
	signatureDetail = say("Ogni byte del file è quello che l’amministrazione ha firmato.", "Every byte of the file is what the body signed.")
	checkpointTitle = say("Testa del registro firmata", "Signed head of the ledger")
	rootTitle       = say("Radice del registro", "Root of the ledger")
	noHead          = say("Senza una testa valida non c’è con che cosa confrontare le righe.", "Without a valid head there is nothing to compare the rows with.")
	timestampTitle  = say("Marca temporale della testa (RFC 3161)", "Time-stamp of the head (RFC 3161)")
	timestampNone   = say("L’elenco non ha una marca temporale.", "The list has no time-stamp.")
	positionsTitle  = say("Posizioni", "Positions")
	positionsDetail = say("Da 0 senza salti: il registro è tutto qui.", "From 0 without a gap: the whole ledger is here.")
	rowsTitle       = say("Righe del registro", "Rows of the ledger")
	rowsDetail      = say("Ogni riga è scritta nell’unico modo ammesso.", "Each row is written in the only way allowed.")
	numbersTitle    = say("Numeri di protocollo", "Protocol numbers")
	idsTitle        = say("Un solo numero per invio", "One number per submission")
	idsDetail       = say("Nessun invio è deciso due volte.", "No submission is decided twice.")
	orderTitle      = say("Ordine di arrivo", "Order of arrival")
	tiesTitle       = say("Sorteggio a parità di tempo", "Draw among equal times")
	tiesDetail      = say("Il seme corrisponde all’impegno e dà proprio questo ordine.", "The seed matches its commitment and gives exactly this order.")
	closeTitle      = say("Coppie indistinguibili per gli orologi", "Pairs too close for the clocks")
	placesTitle     = say("Posti", "Places")
	placesNone      = say("L’elenco è senza quote: non ci sono posti da ricalcolare.", "The list is without quotas: there are no places to recompute.")
	placesSeed      = say("Il criterio sorteggia, e il seme non è ancora pubblico: nessun posto è ancora assegnato.", "The policy draws lots, and the seed is not revealed yet: no place is given yet.")
	calendarTitle   = say("Confronto con il calendario firmato", "Comparison with the signed calendar")
	calendarNone    = say("Nessun calendario indicato: l’impegno sul seme vale solo se è stato pubblicato prima dell’apertura.",
		"No calendar given: the commitment to the seed is worth something only if it was published before the opening.")
	calendarDetail   = say("Giorno, unità di tempo, impegno sul seme e orari di arrivo sono quelli del calendario.", "Day, unit of time, commitment and times of arrival are those of the calendar.")
	timestampUnknown = say("C’è una marca temporale, ma nessuna autorità di cui fidarsi fra le chiavi.", "There is a time-stamp, but no authority to trust among the keys.")
)

func checkpointDetail(size int64) clickday.Text {
	return say("La chiave del registro ha firmato %d righe.", "The ledger’s key has signed %d rows.", size)
}

func rootDetail(rows int64) clickday.Text {
	return say("Le %d righe danno proprio la radice firmata.", "The %d rows give exactly the signed root.", rows)
}

func numbersDetail(n int64) clickday.Text {
	return say("Da 1 a %d senza salti, in ordine.", "From 1 to %d without a gap, in order.", n)
}

func orderDetail(late int64) clickday.Text {
	return say("Ogni riga sta dove il suo arrivo la mette; in ritardo, e segnate: %d.", "Each row stands where its arrival puts it; late, and flagged: %d.", late)
}

func tiesOpen(n int64) clickday.Text {
	return say("Il seme non è ancora pubblico: pareggi non ancora verificati: %d coppie.", "The seed is not revealed yet: ties not checked yet: %d pairs.", n)
}

func closeDetail(n int64) clickday.Text {
	return say("Contate di nuovo: %d.", "Counted again: %d.", n)
}

func placesAgree(admitted, waiting int) clickday.Text {
	return say("Ricalcolati da quote e criterio: %d nella quota, %d al momento non in quota.", "Recomputed from quotas and policy: %d within, %d not in the quota at the moment.", admitted, waiting)
}

func timestampDetail(at time.Time) clickday.Text {
	s := at.UTC().Format(time.RFC3339)
	return say("La testa esisteva già alle %s.", "The head existed at %s already.", s)
}

// What is wrong, and what it means.

func formatWrong(err error) clickday.Text {
	return verdict.Because("Il file non è un elenco scritto nell’unico modo ammesso", "The file is not a list written in the only way allowed", err, nil)
}

var formatMeans = say("È stato modificato o tagliato, o non è un elenco di questo sistema.", "It was changed or cut, or is no list of this system.")

func signatureWrong(err error) clickday.Text {
	return verdict.Because("La firma sul file non vale", "The signature over the file does not hold", err, causes)
}

var signatureMeans = say("Almeno un byte del file non è quello pubblicato, o l’elenco è di qualcun altro.", "At least one byte of the file is not what was published, or the list is somebody else’s.")

func checkpointWrong(err error) clickday.Text {
	return trust.HeadWrong(err, causes...)
}

var checkpointMeans = say("Nessuno di cui ci si fida ha firmato queste righe.", "Nobody who is trusted has signed these rows.")

func sizeWrong(head, rows int64) clickday.Text {
	return say("La testa firmata è di %d righe, il file ne ha %d.", "The signed head is of %d rows, the file has %d.", head, rows)
}

var sizeMeans = say("Sono state tolte o aggiunte righe.", "Rows were taken out or put in.")

func rootWrong(head, got string) clickday.Text {
	return say("La radice firmata è %s, le righe danno %s.", "The signed root is %s, the rows give %s.", head, got)
}

var rootMeans = say("Almeno una riga è diversa da quella registrata, o sta in un altro posto.", "At least one row differs from what is on record, or stands elsewhere.")

func positionWrong(got, want int64) clickday.Text {
	return say("Posizione %d dove deve stare la %d.", "Position %d where %d must stand.", got, want)
}

var (
	positionMeans = say("Una riga manca, è doppia o è stata spostata.", "A row is missing, stands twice or was moved.")
	leafWrong     = say("La riga non è scritta come nel registro.", "The row is not written as in the ledger.")
	leafMeans     = say("È stata modificata.", "It was changed.")
)

func numberWrong(got, want int64) clickday.Text {
	return say("Numero %d dove tocca al %d.", "Number %d where %d is next.", got, want)
}

var numberMeans = say("I numeri non seguono più l’ordine: qualcuno è stato saltato o anticipato.", "Numbers no longer follow the order: somebody was skipped or put forward.")

func repeatWrong(n int64) clickday.Text {
	return say("La riga rinvia al numero %d, che prima non c’è.", "The row refers to number %d, which does not stand before it.", n)
}

var repeatMeans = say("Una domanda già numerata deve avere il suo numero più sopra.", "An application that has its number must have it further up.")

func twiceWrong(id clickday.SubmissionID) clickday.Text {
	return say("L’invio %s era già deciso più sopra.", "Submission %s was decided further up already.", id)
}

var twiceMeans = say("Lo stesso invio non può contare due volte.", "The same submission cannot count twice.")

func orderWrong(equal bool) clickday.Text {
	if equal {
		return say("A parità di tempo il sorteggio la mette più sopra.", "Among equal times the draw puts it further up.")
	}
	return say("È arrivata prima della riga che le sta sopra, e non è segnata in ritardo.", "It arrived before the row above it, and is not flagged as late.")
}

var (
	orderMeans   = say("L’ordine non è quello di arrivo.", "The order is not that of arrival.")
	lateWrong    = say("È segnata in ritardo, ma nessuna riga più sopra le è successiva.", "It is flagged as late, but no row above it comes after it.")
	outsideWrong = say("È arrivata prima dell’apertura o dopo la chiusura.", "It arrived before the opening or after the close.")
	outsideMeans = say("Non doveva essere accettata, o il calendario è stato cambiato dopo.", "It should not have been accepted, or the calendar was changed afterwards.")
	seedWrong    = say("Il seme non corrisponde all’impegno.", "The seed does not match its commitment.")
	seedMeans    = say("Il sorteggio può essere stato scelto dopo aver visto gli arrivi.", "The draw may have been chosen after the arrivals were known.")
	closeMeans   = say("Il conto pubblicato non è quello delle righe.", "The count published is not that of the rows.")
	groupWrong   = say("La riga ha un gruppo o un posto, ma non può averne.", "The row has a group or a place, but can have none.")
	placeMeans   = say("L’assegnazione non segue da quote e criterio.", "The allocation does not follow from quotas and policy.")
)

func closeWrong(said, got int64) clickday.Text {
	return say("L’intestazione dice %d coppie indistinguibili, le righe ne danno %d.", "The header says %d pairs too close to call, the rows give %d.", said, got)
}

func allocationWrong(err error) clickday.Text {
	return verdict.Because("I posti non si possono ricalcolare: quote o criterio non sono scritti come si deve", "The places cannot be recomputed", err, nil)
}

var placeNames = map[Place]clickday.Text{
	Admitted: say("nella quota", "within the quota"), Waiting: say("non in quota", "not in the quota"), NoPlace: say("nessun posto", "no place"),
}

func placeWrong(said, want Place, g quota.Group) clickday.Text {
	a, b := placeNames[said], placeNames[want]
	return clickday.Text{
		IT: "Gruppo " + string(g) + ": dice “" + a.IT + "”, il ricalcolo dà “" + b.IT + "”.",
		EN: "Group " + string(g) + ": says “" + a.EN + "”, recomputing gives “" + b.EN + "”.",
	}
}

func calendarWrong(want string) clickday.Text {
	return say("Il calendario firmato dice: %s.", "The signed calendar says: %s.", want)
}

var dayWrong = say("Il calendario firmato non ha questo giorno.", "The signed calendar does not have this day.")

var calendarMeans = say("Le regole del giorno non sono quelle pubblicate prima dell’apertura.", "The rules of the day are not those published before the opening.")

func timestampWrong(err error) clickday.Text {
	return trust.TimestampWrong(err)
}

var timestampMeans = say("Non è dimostrato quando la testa è stata firmata.", "It is not proven when the head was signed.")

// Of two lists against each other.
var (
	olderTitle   = say("L’elenco o la testa di prima", "The earlier list or head")
	newerTitle   = say("L’elenco di dopo", "The later list")
	rulesTitle   = say("Le regole del giorno", "The rules of the day")
	rulesDetail  = say("Giorno, unità di tempo e impegno sul seme sono gli stessi.", "Day, unit of time and commitment to the seed are the same.")
	rulesWrong   = say("Giorno, unità di tempo, impegno o seme non sono gli stessi.", "Day, unit of time, commitment or seed are not the same.")
	rulesMeans   = say("I due elenchi non seguono le stesse regole.", "The two lists do not follow the same rules.")
	extendTitle  = say("Il dopo contiene il prima", "The later contains the earlier")
	extendMeans  = say("Il registro è stato riscritto: qualcosa che era firmato non c’è più.", "The ledger was rewritten: something that was signed is no longer there.")
	earlierWrong = say("La testa di prima non è firmata dal registro di questo giorno.", "The earlier head is not signed by the ledger of this day.")
)

func extendDetail(rows int64) clickday.Text {
	return say("Tutte le %d righe di prima sono ancora lì, immutate.", "All %d earlier rows are still there, unchanged.", rows)
}

func rowGone(position int64) clickday.Text {
	return say("La posizione %d dell’elenco di prima manca in quello di dopo.", "Position %d of the earlier list is missing in the later one.", position)
}

func rowChanged(position int64) clickday.Text {
	return say("La posizione %d è diversa da quella dell’elenco di prima.", "Position %d differs from the earlier list.", position)
}

func prefixWrong(size int64) clickday.Text {
	return say("Le prime %d righe non danno la radice firmata prima.", "The first %d rows do not give the root that was signed before.", size)
}

func lineGone(index int64) clickday.Text {
	return say("La riga della ricevuta non sta in posizione %d.", "The row of the receipt does not stand at position %d.", index)
}
