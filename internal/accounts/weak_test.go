package accounts

import "testing"

func TestWeak(t *testing.T) {
	own := []string{"mario.rossi@esempio.it", "Mario", "Rossi", "RSSMRA80A01H501U"}
	for password, want := range map[string]Weakness{
		"corto":                          TooShort,
		"undici cara":                    TooShort,
		"àèìòùàèìòùà":                    TooShort, // characters, not bytes
		"password1234":                   Common,
		"Password2026!":                  Common,
		"P4ssw0rd!!!!":                   Common,
		"passwordpassword":               Common,
		"juventus1897!":                  Common,
		"aaaaaaaaaaaaaa":                 Common,
		"abababababab":                   Common,
		"123456789012":                   Common,
		"qwertyuiop123":                  Common,
		"1qaz2wsx3edc":                   Common,
		"poiuytrewq098":                  Common,
		"asdfghjklqwerty":                Common,
		"25121980251219":                 Common,
		"Mario.Rossi1980":                Personal,
		"mariorossi80":                   Personal,
		"rssmra80a01h501u":               Personal,
		"mario.rossi@esempio.it":         Personal,
		"corretto cavallo":               "",
		"il gatto dorme sul tetto":       "",
		"àèìòù àèìòùx":                   "",
		"xK9$mQ2vLp7w":                   "",
		"mario compra sette pere":        "",
		"marzo pioggia finestra":         "",
		"73910284756102938475":           "",
		"\U0001F600\U0001F600 sorridere": "",
	} {
		if got := Weak(password, own...); got != want {
			t.Errorf("Weak(%q) = %q, want %q", password, got, want)
		}
	}
	long := make([]byte, maxPassword+1)
	for i := range long {
		long[i] = byte('a' + i%20)
	}
	if got := Weak(string(long)); got != TooLong {
		t.Errorf("a password of %d bytes is %q", len(long), got)
	}
}

// TestAccentsHoweverTyped: one keyboard writes "à" as one character, another as
// two.
func TestAccentsHoweverTyped(t *testing.T) {
	hash, err := HashPassword("citt\u00e0 e mare")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := CheckPassword(hash, "citta\u0300 e mare"); !ok || err != nil {
		t.Error(ok, err)
	}
}
