package bulk

import (
	"fmt"
	"strconv"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

var (
	textTooLarge        = clickday.Text{IT: fmt.Sprintf("Il file supera %d MB: dividilo in più file.", MaxBytes>>20), EN: fmt.Sprintf("The file is larger than %d MB: split it into several.", MaxBytes>>20)}
	textEmpty           = clickday.Text{IT: "Il file è vuoto: la prima riga deve contenere i nomi delle colonne.", EN: "The file is empty: its first line must hold the names of the columns."}
	textWorkbook        = clickday.Text{IT: "È una cartella di lavoro, non un CSV: nel foglio di calcolo scegli «Salva con nome» e il tipo «CSV UTF-8».", EN: "This is a workbook, not a CSV file: in the spreadsheet choose “Save as” and the type “CSV UTF-8”."}
	textNoText          = clickday.Text{IT: "Non è un file di testo: salva la tabella come CSV.", EN: "This is not a text file: save the table as CSV."}
	textQuotes          = clickday.Text{IT: "Virgolette fuori posto o mai chiuse: da qui in poi il file non si può leggere.", EN: "A quotation mark is out of place or never closed: the file cannot be read from here on."}
	textTooManyRows     = clickday.Text{IT: "Più di " + strconv.Itoa(MaxRows) + " righe: dividi il file.", EN: "More than " + strconv.Itoa(MaxRows) + " rows: split the file."}
	textTooManyColumns  = clickday.Text{IT: "Troppe colonne: controlla il separatore.", EN: "Too many columns: check the separator."}
	textLongCell        = clickday.Text{IT: "Una cella è troppo lunga: manca forse una virgoletta o un separatore.", EN: "A cell is too long: a quotation mark or a separator may be missing."}
	textNoHeader        = clickday.Text{IT: "Nessuna colonna è riconosciuta: usa i nomi del modello di file.", EN: "No column is recognised: use the names of the template."}
	textNoRows          = clickday.Text{IT: "Sotto i nomi delle colonne non c’è nessuna riga.", EN: "There is no row below the names of the columns."}
	textUnknownHeader   = clickday.Text{IT: "Colonna sconosciuta: non viene letta.", EN: "Unknown column: it is not read."}
	textTwiceHeader     = clickday.Text{IT: "La stessa domanda ha due colonne: lasciane una.", EN: "The same question has two columns: leave one."}
	textAmbiguousHeader = clickday.Text{IT: "Questo nome vale per più domande: usa il codice del campo, come nel modello di file.", EN: "This name stands for several questions: use the code of the field, as in the template."}
	textEmptyRow        = clickday.Text{IT: "Nessuna colonna riconosciuta è compilata in questa riga.", EN: "No recognised column is filled in in this row."}
	textNotAsked        = clickday.Text{IT: "Con le altre risposte questa domanda non si pone: il valore è tralasciato.", EN: "With the other answers this question is not asked: the value is left out."}
	textIncomplete      = clickday.Text{IT: "Mancano risposte: la bozza sarà da completare.", EN: "Answers are missing: the draft will be one to complete."}
	textKnownPassport   = clickday.Text{IT: "Hai già una domanda per questo click day con lo stesso passaporto.", EN: "You already have an application for this click day with the same passport."}

	hintRequired = clickday.Text{IT: "obbligatorio", EN: "required"}
	hintOptional = clickday.Text{IT: "facoltativo", EN: "optional"}
)

func textTooManyCells(got, want int) clickday.Text {
	return clickday.Text{IT: fmt.Sprintf("La riga ha %d celle, le colonne sono %d: controlla separatori e virgolette.", got, want),
		EN: fmt.Sprintf("The row has %d cells, there are %d columns: check separators and quotation marks.", got, want)}
}

func textSameRow(line int) clickday.Text {
	return clickday.Text{IT: fmt.Sprintf("È uguale alla riga %d: viene letta una volta sola.", line), EN: fmt.Sprintf("It is the same as row %d: it is taken once only.", line)}
}

func textSamePassport(line int) clickday.Text {
	return clickday.Text{IT: fmt.Sprintf("Lo stesso passaporto è nella riga %d: controlla che sia voluto.", line), EN: fmt.Sprintf("The same passport stands in row %d: check that this is meant.", line)}
}

func hintWhen(question, values string) clickday.Text {
	return clickday.Text{IT: "solo se «" + question + "» è: " + values, EN: "only if “" + question + "” is: " + values}
}

// typeHints say how each type is written.
var typeHints = map[forms.FieldType]clickday.Text{
	forms.TypeDate:      {IT: "gg/mm/aaaa", EN: "dd/mm/yyyy"},
	forms.TypeInteger:   {IT: "numero intero", EN: "whole number"},
	forms.TypeMoney:     {IT: "euro, come 1.234,50", EN: "euro, as in 1.234,50"},
	forms.TypeBoolean:   {IT: "sì / no", EN: "yes / no"},
	forms.TypePlace:     {IT: "come Napoli (NA), o codice catastale", EN: "as in Napoli (NA), or the cadastral code"},
	forms.TypeState:     {IT: "nome dello Stato, o codice come Z100", EN: "name of the state, or a code such as Z100"},
	forms.TypeProvince:  {IT: "sigla, come NA", EN: "two letters, such as NA"},
	forms.TypePostcode:  {IT: "cinque cifre", EN: "five digits"},
	forms.TypeTaxCode:   {IT: "16 caratteri", EN: "16 characters"},
	forms.TypeCompanyID: {IT: "11 cifre", EN: "11 digits"},
}

func reportNotice(line int, text, lang string) string {
	return clickday.Text{IT: "# Riga ", EN: "# Row "}.In(lang) + strconv.Itoa(line) + ": " + text
}

// In writes a problem on one line.
func (p *Problem) In(lang string) string {
	text := p.Text.In(lang)
	if p.Column != "" {
		text = p.Column + ": " + text
	}
	return text
}
