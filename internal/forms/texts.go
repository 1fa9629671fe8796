package forms

import (
	"fmt"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/codicefiscale"
	"puntuale/internal/places"
)

// What is wrong with one answer, and what to write instead.
var (
	textLatin = clickday.Text{
		IT: "Scrivi in lettere latine, come nelle righe in fondo alla pagina del passaporto.",
		EN: "Write in Latin letters, as in the lines at the foot of the passport page."}
	textDate = clickday.Text{
		IT: "Questa data non esiste. Scrivi giorno, mese e anno, per esempio 31/12/1980.",
		EN: "This date does not exist. Write day, month and year, for example 31/12/1980."}
	textInteger = clickday.Text{
		IT: "Scrivi un numero intero, solo con cifre, per esempio 40.",
		EN: "Write a whole number, digits only, for example 40."}
	textMoney = clickday.Text{
		IT: "Scrivi un importo in euro, per esempio 1.234,50.",
		EN: "Write an amount in euro, for example 1.234,50."}
	textChoice = clickday.Text{
		IT: "Scegli una delle risposte dell’elenco.",
		EN: "Choose one of the answers in the list."}
	textBoolean = clickday.Text{
		IT: "Rispondi sì o no.",
		EN: "Answer yes or no."}
	textTaxCodeFormat = clickday.Text{
		IT: "Il codice fiscale ha lettere o cifre al posto sbagliato. Copialo com’è scritto sulla tessera sanitaria, per esempio RSSMRA80A01H501U.",
		EN: "The tax code has letters or digits in the wrong place. Copy it as it stands on the health card, for example RSSMRA80A01H501U."}
	textTaxCodeCheck = clickday.Text{
		IT: "L’ultima lettera del codice fiscale non corrisponde alle altre: c’è un errore di battitura. Confrontalo con la tessera sanitaria.",
		EN: "The last letter of the tax code does not fit the others: there is a typing error. Compare it with the health card."}
	textTaxCodeDate = clickday.Text{
		IT: "Il codice fiscale contiene una data di nascita che non esiste. Confrontalo con la tessera sanitaria.",
		EN: "The tax code holds a date of birth that does not exist. Compare it with the health card."}
	textCompanyFormat = clickday.Text{
		IT: "Scrivi le 11 cifre del codice, senza spazi e senza «IT» davanti.",
		EN: "Write the 11 digits of the code, without spaces and without “IT” in front."}
	textCompanyCheck = clickday.Text{
		IT: "L’ultima cifra del codice non corrisponde alle altre: c’è un errore di battitura. Confrontalo con la visura camerale.",
		EN: "The last digit of the code does not fit the others: there is a typing error. Compare it with the company register."}
	textEmail = clickday.Text{
		IT: "Scrivi un indirizzo completo, per esempio nome@pec.it.",
		EN: "Write a complete address, for example nome@pec.it."}
	textState = clickday.Text{
		IT: "Scegli uno Stato dell’elenco.",
		EN: "Choose a state from the list."}
	textProvince = clickday.Text{
		IT: "Scrivi la sigla della provincia, due lettere, per esempio NA.",
		EN: "Write the two letters of the province, for example NA."}
	textPostcode = clickday.Text{
		IT: "Scrivi le cinque cifre del CAP, per esempio 80100.",
		EN: "Write the five digits of the postcode, for example 80100."}
	textPassport = clickday.Text{
		IT: "Scrivi il numero com’è sul documento: da 5 a 20 lettere e cifre, senza spazi.",
		EN: "Write the number as it stands on the document: 5 to 20 letters and digits, without spaces."}
)

func textMissing(f *Field) clickday.Text {
	return clickday.Text{
		IT: "Manca la risposta a «" + f.Label.IT + "».",
		EN: "The answer to “" + f.Label.EN + "” is missing."}
}

func textTooLong(n, most int) clickday.Text {
	return clickday.Text{
		IT: fmt.Sprintf("Il testo ha %d caratteri: accorcialo a %d al massimo.", n, most),
		EN: fmt.Sprintf("The text has %d characters: shorten it to %d at most.", n, most)}
}

func textDateFrom(first time.Time) clickday.Text {
	d := first.Format("02/01/2006")
	return clickday.Text{IT: "La data deve essere il " + d + " o dopo.", EN: "The date must be " + d + " or later."}
}

func textDateUntil(last time.Time) clickday.Text {
	d := last.Format("02/01/2006")
	return clickday.Text{IT: "La data deve essere il " + d + " o prima.", EN: "The date must be " + d + " or earlier."}
}

func textRange(f *Field, show func(int64, int) string) clickday.Text {
	switch {
	case f.Min == nil:
		most := show(*f.Max, 10)
		return clickday.Text{IT: "Il valore più alto ammesso è " + most + ".", EN: "The highest value allowed is " + most + "."}
	case f.Max == nil:
		least := show(*f.Min, 10)
		return clickday.Text{IT: "Il valore più basso ammesso è " + least + ".", EN: "The lowest value allowed is " + least + "."}
	default:
		least, most := show(*f.Min, 10), show(*f.Max, 10)
		return clickday.Text{
			IT: "Scrivi un valore da " + least + " a " + most + ".",
			EN: "Write a value from " + least + " to " + most + "."}
	}
}

func textTaxCodeLength(n int) clickday.Text {
	return clickday.Text{
		IT: fmt.Sprintf("Il codice fiscale ha 16 caratteri (o 11 cifre, se provvisorio): qui sono %d.", n),
		EN: fmt.Sprintf("A tax code has 16 characters (or 11 digits, if provisional): here there are %d.", n)}
}

// textPlace is for a text that is no code of a comune: Clean has found none of
// that name, or more than one.
func textPlace(v string) clickday.Text {
	var names []string
	for _, p := range places.Named(v) {
		names = append(names, "«"+p.Label()+"»")
	}
	if len(names) > 1 {
		list := strings.Join(names, ", ")
		return clickday.Text{
			IT: "Più comuni hanno questo nome: scrivi anche la provincia, così: " + list + ".",
			EN: "Several comuni have this name: write the province as well, like this: " + list + "."}
	}
	return clickday.Text{
		IT: "Nessun comune ha questo nome. Scrivilo per intero con la provincia, per esempio «Roma (RM)».",
		EN: "No comune has this name. Write it in full with its province, for example “Roma (RM)”."}
}

func textPlaceClosed(p places.Place) clickday.Text {
	return clickday.Text{
		IT: "Il comune di " + p.Name + " non esiste più dal " + p.To.Format("02/01/2006") + ": scrivi il comune di cui oggi fa parte.",
		EN: "The comune of " + p.Name + " has not existed since " + p.To.Format("02/01/2006") + ": write the one it belongs to today."}
}

// partNames are the parts of a tax code, as a person calls them.
var partNames = map[codicefiscale.Part]clickday.Text{
	codicefiscale.Surname:   {IT: "cognome", EN: "surname"},
	codicefiscale.Name:      {IT: "nome", EN: "first name"},
	codicefiscale.BirthDate: {IT: "data di nascita", EN: "date of birth"},
	codicefiscale.Sex:       {IT: "sesso", EN: "sex"},
	codicefiscale.Place:     {IT: "luogo di nascita", EN: "place of birth"},
}

func textTaxCodeDiffers(parts []codicefiscale.Part) clickday.Text {
	it, en := make([]string, len(parts)), make([]string, len(parts))
	for i, p := range parts {
		it[i], en[i] = partNames[p].IT, partNames[p].EN
	}
	return clickday.Text{
		IT: "Il codice fiscale non corrisponde a: " + strings.Join(it, ", ") + ". Controlla il codice e questi dati.",
		EN: "The tax code does not match: " + strings.Join(en, ", ") + ". Check the code and these data."}
}

func textBirthPlace(p places.Place, born time.Time) clickday.Text {
	d := born.Format("02/01/2006")
	return clickday.Text{
		IT: "Il " + d + " il comune di " + p.Name + " (codice " + p.Code + ") non esisteva con questo codice. Scegli il comune com’era alla nascita.",
		EN: "On " + d + " the comune of " + p.Name + " (code " + p.Code + ") did not exist with this code. Choose the comune as it was at birth."}
}
