package receipt

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-pdf/fpdf"

	"puntuale/internal/fonts"
)

// a5Height is that of an A5 page on its side as fpdf has it, in millimetres.
const a5Height = 420.94 * mmPerPoint

// Our 8-bit alphabets must print the very letters that the two-byte fonts of
// fpdf print from the whole typeface.
func TestLettersLookLikeTheTypeface(t *testing.T) {
	tests := []struct{ name, file, text string }{
		{"usual", "titillium/TitilliumWeb-Regular.ttf", "Perché no? Così è già più (€ 12,50)"},
		{"rare", "titillium/TitilliumWeb-Regular.ttf", "Arbër Ștefan Țăndărică Łukasz Święcicki Đorđe"},
		{"fallback", "dejavu/DejaVuSansCondensed.ttf", "Nguyễn Thị Hường ʿAbd al-Raḥmān Ṭhākura Олександр"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			whole, err := os.ReadFile(filepath.Join("..", "fonts", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			want := fpdf.New("L", "mm", "A5", "")
			want.AddUTF8FontFromBytes("whole", "", whole)
			want.AddPage()
			want.SetFont("whole", "", 18)
			want.Text(10, 40, tt.text)

			got := fpdf.New("L", "mm", "A5", "")
			c := &canvas{sheets: []*sheet{{}}}
			f := font{normal, 18, black}
			c.text(10, pageHeight-a5Height+40-f.baseline(), f, tt.text)
			if err := c.paint(got); err != nil {
				t.Fatal(err)
			}

			a, b := raster(t, want), raster(t, got)
			if len(a) != len(b) {
				t.Fatalf("pictures of %d and %d bytes", len(a), len(b))
			}
			inked, differing := 0, 0
			for i := range a {
				if a[i] < 128 {
					inked++
				}
				if d := int(a[i]) - int(b[i]); d > 64 || d < -64 {
					differing++
				}
			}
			if inked < 1000 {
				t.Fatalf("only %d dark points: nothing was printed", inked)
			}
			// Widths are rounded differently, which moves some edges.
			if differing > inked/20 {
				t.Errorf("%d of %d dark points differ", differing, inked)
			}
		})
	}
}

// raster returns the grey points of the first page.
func raster(t *testing.T, pdf *fpdf.Fpdf) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.pdf")
	if err := pdf.OutputFileAndClose(path); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftoppm", "-gray", "-r", "150", "-f", "1", "-l", "1", path).Output()
	if err != nil {
		t.Fatalf("pdftoppm (poppler-utils): %v", err)
	}
	return out
}

func TestWritable(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "Rossi Maria", "Rossi Maria"},
		{"space", "  Rossi \t\n Maria\u00a0Pia ", "Rossi Maria Pia"},
		{"decomposed", "Nguye\u0302\u0303n", "Nguyễn"},
		{"mark that composes with nothing", "m\u0310", "m\u0310"},
		{"direction marks", "\u202eabc\u200f", "abc"},
		{"control", "a\x00b\x7f", "ab"},
		{"Chinese", "张 Wei", "[U+5F20] Wei"},
		{"Arabic needs joining", "عبد", "[U+0639][U+0628][U+062F]"},
		{"beyond the basic plane", "😀", "[U+1F600]"},
		{"broken UTF-8", "a\xffb", "a\ufffdb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := writable(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// More rare letters than one alphabet holds go into several.
func TestManyRareLetters(t *testing.T) {
	var all []rune
	for r := rune(0x0400); len(all) < 300; r++ {
		if fonts.Fallback().Has(r) {
			all = append(all, r)
		}
	}
	for r := rune(0x1EA0); r < 0x1EF9; r++ {
		all = append(all, r)
	}
	text := writable(string(all))
	var l letters
	glyphs := l.shape(normal, text)
	l.cut()
	seen := map[[2]any]rune{}
	for _, g := range glyphs {
		a, code := l.place(g)
		if a == nil || code == 0 {
			t.Fatalf("%q has no alphabet", g.letter)
		}
		place := [2]any{a, code}
		if other, taken := seen[place]; taken && other != g.letter {
			t.Fatalf("%q and %q share a code", other, g.letter)
		}
		seen[place] = g.letter
	}
	if len(seen) < 300 {
		t.Errorf("only %d letters", len(seen))
	}
}

func TestWrapKeepsEveryLetter(t *testing.T) {
	var l letters
	for _, text := range []string{"", "a", "una frase di parole corte e lunghe", "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww", "a Wwwwwwwwwwwwwwwwwwwwwwwwww b", "fine "} {
		for _, width := range []float64{0.5, 4, 11, 30, 500} {
			var joined bytes.Buffer
			for i, line := range wrap(l.shape(normal, text), width, 10) {
				if got := widthOf(line, 10); got > width && len(line) > 1 {
					t.Errorf("%q at %v mm: line %d is %v mm wide", text, width, i, got)
				}
				for _, g := range line {
					if g.letter != ' ' {
						joined.WriteRune(g.letter)
					}
				}
			}
			want := bytes.ReplaceAll([]byte(text), []byte(" "), nil)
			if !bytes.Equal(joined.Bytes(), want) {
				t.Errorf("%q at %v mm became %q", text, width, joined.String())
			}
		}
	}
}
