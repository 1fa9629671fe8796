package receipt_test

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"rsc.io/qr"

	"puntuale/internal/receipt"
)

// box is a word with its place on the page, in points from the upper left.
type box struct {
	XMin float64 `xml:"xMin,attr"`
	YMin float64 `xml:"yMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMax float64 `xml:"yMax,attr"`
	Text string  `xml:",chardata"`
}

type bboxPages struct {
	Pages []struct {
		Words []box `xml:"word"`
	} `xml:"body>doc>page"`
}

// Nothing overlaps and nothing leaves the margins, whatever the texts.
func TestNoOverlap(t *testing.T) {
	wild := sample()
	wild.Body = strings.Repeat("Ministero e dipartimento ", 9)
	wild.DayTitle = strings.Repeat(wild.DayTitle+" ", 3)
	wild.ProtocolNumber = "CLICKDAY-2026-02-12-NONSTAGIONALE-B/00012345678"
	wild.Worker, wild.Applicant = "Nguyễn Thị Thu Hường", strings.Repeat("W", 300)
	wild.VerifyURL += strings.Repeat("abcdef", 30)
	for i := range wild.Preview {
		wild.Preview[i].Title += strings.Repeat(" e altro ancora", 12)
		for j := range wild.Preview[i].Rows {
			wild.Preview[i].Rows[j].Label += strings.Repeat(" con spiegazione", j)
		}
	}
	for name, d := range map[string]*receipt.Data{"sample": sample(), "wild": wild, "long": long(30)} {
		t.Run(name, func(t *testing.T) {
			var found bboxPages
			if err := xml.Unmarshal([]byte(run(t, render(t, d), "pdftotext", "-bbox", "FILE", "-")), &found); err != nil {
				t.Fatal(err)
			}
			if len(found.Pages) < 2 || len(found.Pages[0].Words) < 100 {
				t.Fatalf("%d pages found", len(found.Pages))
			}
			for p, page := range found.Pages {
				for i, a := range page.Words {
					checkInside(t, p+1, a)
					for _, b := range page.Words[:i] {
						checkApart(t, p+1, a, b)
					}
				}
			}
		})
	}
}

func checkInside(t *testing.T, page int, a box) {
	t.Helper()
	const edge = 18*72/25.4 - 1
	if a.XMin < edge || a.XMax > 595.28-edge || a.YMin < 20 || a.YMax > 841.89-20 {
		t.Errorf("page %d: %q leaves the margins: %.1f to %.1f, %.1f to %.1f", page, a.Text, a.XMin, a.XMax, a.YMin, a.YMax)
	}
}

// checkApart allows for boxes that reach from ascender to descender, which the
// letters of neighbouring lines never both use: a quarter of the lower height.
func checkApart(t *testing.T, page int, a, b box) {
	t.Helper()
	wide := min(a.XMax, b.XMax) - max(a.XMin, b.XMin)
	high := min(a.YMax, b.YMax) - max(a.YMin, b.YMin)
	if wide > 0.5 && high > min(a.YMax-a.YMin, b.YMax-b.YMin)/4 {
		t.Errorf("page %d: %q and %q overlap by %.1f × %.1f points", page, a.Text, b.Text, wide, high)
	}
}

// The printed code has the modules of the code, the right way up.
func TestQRCodeAsPrinted(t *testing.T) {
	d := sample()
	const dpi, side = 300, 37.0
	picture := []byte(run(t, render(t, d), "pdftoppm", "-gray", "-r", fmt.Sprint(dpi), "-f", "1", "-l", "1", "FILE"))
	var width, height, most int
	r := bufio.NewReader(bytes.NewReader(picture))
	if _, err := fmt.Fscanf(r, "P5\n%d %d\n%d\n", &width, &height, &most); err != nil {
		t.Fatal(err)
	}
	points := picture[len(picture)-width*height:]
	want, err := qr.Encode(d.VerifyURL, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	// The square ends 5 mm left of the right margin; its top is the first row
	// in which the white of the square interrupts the tint of the box.
	x0 := (192 - 5 - side) / 25.4 * dpi
	y0 := 0.0
	for y := range height {
		if line := points[y*width:]; line[int(x0)-20] < 250 && line[int(x0)-20] > 230 && line[int(x0)+20] == 255 {
			y0 = float64(y)
			break
		}
	}
	step := side / 25.4 * dpi / float64(want.Size+8)
	wrong := 0
	for row := range want.Size {
		for col := range want.Size {
			x, y := x0+(float64(col)+4.5)*step, y0+(float64(row)+4.5)*step
			if (points[int(y)*width+int(x)] < 128) != want.Black(col, row) {
				wrong++
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d modules are wrong", wrong, want.Size*want.Size)
	}
}
