package receipt_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"puntuale/internal/forms"
)

// names are as they stand in passports and registers, or as libraries
// transliterate them (ALA-LC, ISO 233, ISO 15919).
var names = []struct{ language, name string }{
	{"albanese", "Arbër Hoxha"}, {"albanese", "Çlirim Përmeti"}, {"albanese", "Zëridë Shkodër-Krujë"},
	{"rumeno", "Ștefan Țăndărică-Brâncuși"}, {"rumeno", "Ioana Măgureanu Înălțatu"}, {"rumeno (cediglia)", "Şerban Ţîţeica"},
	{"polacco", "Łukasz Święcicki"}, {"polacco", "Żółć Gęślą-Jaźń"}, {"polacco", "Małgorzata Grzegżółka-Ćwiąkalska"},
	{"vietnamita", "Nguyễn Thị Thu Hường"}, {"vietnamita", "Đặng Văn Lữ"}, {"vietnamita", "Phạm Quỳnh Ỷ Ẵ Ở Ữ"},
	{"bengalese", "Ābdul Hāi Śikdār"}, {"bengalese", "Śrī Rabīndranātha Ṭhākura"}, {"bengalese", "Mymensiṃha Ḍhākā Ẏūnus Khān̐"},
	{"arabo", "ʿAbd al-Raḥmān ibn Ḥusayn"}, {"arabo", "Muḥammad aẓ-Ẓāhir al-Ġazālī"}, {"arabo", "Ṣalāḥ ad-Dīn Ṭāhā ʾAḥmad"}, {"arabo (ISO 233)", "H̱ālid al-Ḫaṭīb Ṯābit"},
	{"punjabi", "Gurapratāpa Siṅgha Ḍhillōṃ"}, {"hindi", "Kr̥ṣṇa Jñānēśvara Ṛṣi"}, {"tamil", "Tamiḻ Aḻakaṉ Vaḷḷiyammai"},
	{"turco", "İpek Yıldız Ağaoğlu"}, {"serbo", "Đorđe Šćepanović"}, {"ceco", "Růžena Dvořáková Ťulpíková"}, {"ungherese", "Győző Szűcs"},
	{"lettone", "Ģirts Ķīniņš"}, {"lituano", "Žydrūnė Ąžuolaitė"}, {"islandese", "Þórður Æðgæðisson"}, {"maltese", "Ġorġ Ħaż-Żebbuġ"},
	{"portoghese", "João Gonçalves Assunção"}, {"spagnolo", "José Muñoz Güemes"}, {"francese", "Aliénor Cœur-de-Lÿs"},
	{"yoruba", "Adébáyọ̀ Ọlátúnjí Ṣólá"}, {"ewe", "Kɔ́kúvi Ɖoɖo Ŋutifafa"}, {"hausa", "Ƙasimu Ɗanɓaba"}, {"azero", "Əliyev Şəhriyar"},
	{"ucraino", "Олександр Щербина Ґалаґан Їжак"}, {"serbo (cirillico)", "Ђорђе Љубичић"}, {"greco", "Γιώργος Παπαδόπουλος Ὀδυσσεύς"},
	{"pinyin", "Lǚ Xiùlián"}, {"hawaiano", "Kaʻahumanu Kamāmalu"},
}

// Every name comes out as it went in: in the preview, and at the places of
// applicant, employer and worker.
func TestRealNames(t *testing.T) {
	d := sample()
	section := forms.Section{Title: "Nomi"}
	for _, n := range names {
		section.Rows = append(section.Rows, forms.Row{Label: n.language, Value: n.name})
	}
	d.Preview = []forms.Section{section}
	text := norm.NFC.String(words(t, render(t, d)))
	for _, n := range names {
		if !strings.Contains(text, norm.NFC.String(n.name)) {
			t.Errorf("%s: %q (%+q) did not come out", n.language, n.name, n.name)
		}
	}
	if strings.Contains(text, "[U+") || strings.Contains(text, "\ufffd") {
		t.Error("a letter is shown by its code")
	}
	for _, n := range names {
		d.Preview, d.Body = nil, "Ente "+n.name
		d.Applicant, d.Employer, d.Worker = n.name+" a", n.name+" b", n.name+" c"
		text := norm.NFC.String(words(t, render(t, d)))
		for _, want := range []string{"Ente " + n.name, n.name + " a", n.name + " b", n.name + " c"} {
			if !strings.Contains(text, norm.NFC.String(want)) {
				t.Errorf("%s: %q did not come out", n.language, want)
			}
		}
	}
}

// Forty documents with letters of many countries stay below the limit of size.
func TestSizeWithRareNames(t *testing.T) {
	for _, n := range names {
		d := sample()
		d.Worker, d.Applicant = n.name, fmt.Sprint("Impresa ", n.name)
		sealed, err := newSeal(t, d).Sign(render(t, d), d.Issued)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) > maxSize {
			t.Errorf("the receipt of %s has %d bytes, at most %d are allowed", n.name, len(sealed), maxSize)
		}
	}
}
