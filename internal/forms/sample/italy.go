package sample

// town is a comune that has existed since before 1955.
type town struct{ code, name, province, postcode string }

var towns = []town{
	{"F839", "Napoli", "NA", "80133"}, {"F839", "Napoli", "NA", "80147"}, {"H501", "Roma", "RM", "00185"},
	{"F205", "Milano", "MI", "20124"}, {"L219", "Torino", "TO", "10152"}, {"H703", "Salerno", "SA", "84122"},
	{"B963", "Caserta", "CE", "81100"}, {"A512", "Aversa", "CE", "81031"}, {"L844", "Villa Literno", "CE", "81039"},
	{"B157", "Brescia", "BS", "25122"}, {"A794", "Bergamo", "BG", "24121"}, {"A662", "Bari", "BA", "70122"},
	{"D643", "Foggia", "FG", "71121"}, {"G273", "Palermo", "PA", "90133"}, {"C351", "Catania", "CT", "95124"},
	{"A944", "Bologna", "BO", "40121"}, {"F257", "Modena", "MO", "41121"}, {"D612", "Firenze", "FI", "50123"},
	{"G999", "Prato", "PO", "59100"}, {"L781", "Verona", "VR", "37121"}, {"G224", "Padova", "PD", "35131"},
	{"D969", "Genova", "GE", "16124"}, {"E783", "Macerata", "MC", "62100"}, {"D810", "Frosinone", "FR", "03100"},
	{"E472", "Latina", "LT", "04100"}, {"H224", "Reggio di Calabria", "RC", "89121"}, {"D086", "Cosenza", "CS", "87100"},
	{"A783", "Benevento", "BN", "82100"}, {"G812", "Pomigliano d'Arco", "NA", "80038"}, {"F912", "Nocera Inferiore", "SA", "84014"},
}

var streets = []string{
	"Via Roma", "Via Giuseppe Garibaldi", "Via Guglielmo Marconi", "Corso Umberto I", "Piazza della Libertà", "Via Dante Alighieri",
	"Via Provinciale per Casoria", "Strada Statale 7 bis", "Viale della Repubblica", "Via Nazionale delle Puglie", "Via dei Mille",
	"Contrada Serroni", "Via San Giovanni Bosco", "Via Monte Grappa", "Corso Vittorio Emanuele II", "Vicolo del Forno",
	"Via Enrico Fermi", "Zona Industriale ASI, lotto", "Via Aldo Moro", "Largo Santa Maria la Nova", "Via Achille Grandi",
}

var italianSurnames = []string{
	"Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco", "Bruno", "Gallo", "Conti",
	"De Luca", "Mancini", "Costa", "Giordano", "Rizzo", "Lombardi", "Moretti", "Barbieri", "Fontana", "Santoro", "Mariani", "Rinaldi",
	"Caruso", "Ferrara", "Galli", "Martini", "Leone", "D'Angelo", "Dell'Acqua", "Iovine", "Di Gennaro", "Nicolò", "Zanchetta", "Quaranta",
	"Pappalardo", "Scognamiglio", "Lo Presti", "Fiorentino", "Imperatore", "Capuozzo", "Bertolini", "Valsecchi", "Pezzella", "Gigliotti",
}

var italianMen = []string{
	"Giuseppe", "Giovanni", "Antonio", "Mario", "Luigi", "Francesco", "Vincenzo", "Pietro", "Salvatore", "Carlo", "Domenico", "Angelo",
	"Alessandro", "Gennaro", "Raffaele", "Matteo", "Niccolò", "Stefano", "Ugo", "Ivo", "Pasquale", "Gianfranco", "Massimiliano",
}

var italianWomen = []string{
	"Maria", "Anna", "Rosa", "Angela", "Giovanna", "Teresa", "Lucia", "Carmela", "Caterina", "Francesca", "Antonietta", "Concetta",
	"Elena", "Chiara", "Immacolata", "Federica", "Ada", "Mariangela", "Giuseppina", "Alessia",
}

var trades = []string{
	"Edil", "Impresa Costruzioni", "Trasporti", "Officine", "Ristorante", "Hotel", "Autolinee", "Carpenteria", "Alimentari",
	"Agenzia Servizi", "Impianti", "Logistica", "Pastificio", "Cantieri Navali", "Termoidraulica",
}

var firms = []string{
	"Vesuvio", "del Sole", "San Gennaro", "Tirreno", "Nord Est", "Tre Stelle", "Fratelli Ruggiero", "La Fenice", "Europa", "2000",
	"Il Golfo", "Aurora", "Padana", "Mediterranea", "G.M.C.",
}

var associations = []string{
	"Confindustria Campania", "Coldiretti Caserta", "CNA Bologna", "Confartigianato Imprese Napoli", "Confcommercio Roma Capitale",
	"ANCE Brescia", "Federalberghi Salerno", "Confapi Verona", "Casartigiani Palermo", "Confesercenti Firenze",
}

// job is work that goes with its sector and collective agreement.
type job struct {
	sector, ccnl  string
	tasks, levels []string
}

var jobs = []job{
	{"construction", "F012", []string{"muratore", "carpentiere in legno", "manovale edile", "ferraiolo", "gruista"}, []string{"1", "2", "3", "Operaio comune"}},
	{"construction", "F015", []string{"muratore", "imbianchino", "piastrellista", "posatore di cartongesso"}, []string{"1", "2", "3"}},
	{"haulage", "I100", []string{"autista di autoarticolato", "autista con patente CE", "magazziniere mulettista"}, []string{"3", "3S", "G1", "H1"}},
	{"tourism", "H052", []string{"cameriere ai piani", "cuoco", "aiuto cuoco", "facchino d'albergo", "portiere di notte"}, []string{"4", "5", "6", "6S"}},
	{"tourism", "H05Y", []string{"cameriere di sala", "pizzaiolo", "lavapiatti", "cuoco capo partita"}, []string{"4", "5", "6"}},
	{"mechanics", "C011", []string{"saldatore a filo", "tornitore", "montatore meccanico", "operatore di macchine CNC"}, []string{"C1", "C2", "D2"}},
	{"mechanics", "C030", []string{"saldatore", "fabbro", "meccanico riparatore"}, []string{"4", "5"}},
	{"telecoms", "K411", []string{"giuntista di fibra ottica", "installatore di reti"}, []string{"2", "3"}},
	{"food", "E012", []string{"addetto al confezionamento", "macellaio", "fornaio", "conduttore di linea"}, []string{"4", "5", "6"}},
	{"shipbuilding", "C011", []string{"carpentiere navale", "tubista", "saldatore navale"}, []string{"C1", "D2"}},
	{"passengers", "I100", []string{"conducente di autobus"}, []string{"140", "158", "175"}},
	{"plumbing", "C030", []string{"idraulico", "installatore di impianti termici"}, []string{"3", "4"}},
	{"electrical", "C030", []string{"elettricista", "cablatore"}, []string{"3", "4"}},
	{"hair", "H011", []string{"acconciatore"}, []string{"3", "4"}},
}
