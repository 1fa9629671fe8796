package sample

// usual holds, by field, the answers that people mostly give.
var usual = map[string][]string{
	"contract_level":       {"1", "2", "3", "Area 3", "Operaio comune", "5", "6"},
	"permit_state":         {"Z112", "Z131", "Z110", "Z102", "Z103", "Z126"},
	"permit_issuer":        {"Landeshauptstadt München", "Comisaría de Almería", "Préfecture des Alpes-Maritimes", "Magistrat der Stadt Wien", "Stadt Köln"},
	"association_name":     associations,
	"intermediary_name":    {"Assindatcolf Napoli", "Fidaldo Roma", "Domina Milano", "Agenzia per il Lavoro Tre Valli S.p.A."},
	"study_course":         {"Economia aziendale", "Ingegneria meccanica", "Operatore della ristorazione", "Scienze infermieristiche", "Lingua e cultura italiana", "Moda e design"},
	"activity_description": {"sartoria e riparazioni", "consulenza informatica", "traduzioni e interpretariato", "commercio al dettaglio di alimentari", "pulizie", "ristorazione da asporto", "servizi fotografici"},
	"activity_ateco":       {"95.29.03", "62.02.00", "74.30.00", "47.11.40", "81.21.00", "56.10.20", "74.20.19"},

	"activity_licence_issuer": {"Camera di commercio", "Ordine professionale", "Comune, sportello SUAP", "Questura"},
}

// seasonTasks are tasks by kind of seasonal work.
var seasonTasks = map[string][]string{
	"fruit": {"raccolta di pesche e nettarine", "raccolta di mele", "raccolta di agrumi"}, "grapes": {"vendemmia a mano", "potatura della vite"},
	"olives": {"raccolta di olive", "potatura degli olivi"}, "tomatoes": {"raccolta di pomodoro", "trapianto di pomodoro"},
	"vegetables": {"raccolta di ortaggi", "bracciante agricolo", "lavori in serra"}, "livestock": {"mungitore", "addetto alla stalla"},
	"nursery": {"vivaista", "addetto alle serre di fiori"}, "forestry": {"taglio del bosco", "operaio forestale"},
	"other":   {"bracciante generico", "operaio generico stagionale"},
	"hotel":   {"cameriere ai piani", "facchino", "addetto al ricevimento"},
	"beach":   {"bagnino", "addetto alla spiaggia"},
	"camping": {"manutentore", "addetto alle pulizie"}, "restaurant": {"cameriere di sala", "aiuto cuoco", "lavapiatti"},
	"farmhouse": {"cuoco", "cameriere"}, "amusement": {"addetto alle attrazioni", "animatore"},
}

var businesses = []string{"Sartoria", "Studio", "Alimentari", "Impresa di pulizie", "Ristorante", "Fotografia", "Traduzioni"}

var schools = []string{"Università degli Studi di", "Istituto professionale di", "Conservatorio di", "Accademia di Belle Arti di", "Scuola di italiano"}
