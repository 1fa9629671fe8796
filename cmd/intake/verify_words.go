package main

import "puntuale/internal/clickday"

// Words of "intake verify".
var (
	notProved = clickday.Text{
		IT: "questo file NON prova nulla: è stato alterato, o non è di questo nodo, o non è per questa busta",
		EN: "this file proves NOTHING: it was altered, or is not of this node, or not for this envelope",
	}
	proved = clickday.Text{
		IT: "Firma valida: l’invio qui sotto è arrivato ed è registrato.",
		EN: "Valid signature: the submission below has arrived and is recorded.",
	}
	provedFor = clickday.Text{
		IT: "Firma valida: la busta indicata è arrivata ed è registrata.",
		EN: "Valid signature: the envelope given has arrived and is recorded.",
	}
	told = clickday.Text{
		IT: `%s
Invio:       %s
Arrivo:      %s (UTC)
             %d nanosecondi dal 1970
Ora presa:   %s
Orologio:    %s
Nodo:        %d, registro %016x
Sequenza:    %d
Lotto:       %d, posizione %d di %d
Chiave:      %08x
Catena:      %08x…
`,
		EN: `%s
Submission:  %s
Arrival:     %s (UTC)
             %d nanoseconds since 1970
Taken by:    %s
Clock:       %s
Node:        %d, journal %016x
Sequence:    %d
Batch:       %d, place %d of %d
Key:         %08x
Chain:       %08x…
`,
	}
	sources = map[clickday.StampSource]clickday.Text{
		clickday.StampKernel:    {IT: "dal sistema operativo, all’arrivo dell’ultimo byte", EN: "by the kernel, when the last byte arrived"},
		clickday.StampUserSpace: {IT: "dal programma, dopo la lettura", EN: "by the program, after reading"},
	}
	clocks = map[clickday.ClockState]clickday.Text{
		clickday.ClockOK:       {IT: "verificato", EN: "verified"},
		clickday.ClockDegraded: {IT: "verificato in parte", EN: "partly verified"},
		clickday.ClockUnknown:  {IT: "non sorvegliato", EN: "not watched"},
		clickday.ClockRefused:  {IT: "non attendibile: a giornata non aperta il nodo non avrebbe aperto", EN: "not to be relied on: the node would not have opened a day by it"},
	}
	notMeasured = clickday.Text{IT: "distanza da UTC non misurata", EN: "distance from UTC not measured"}
)
