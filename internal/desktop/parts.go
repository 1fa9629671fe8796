package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// bandColor is a rectangle in the colour of the band that follows the variant.
type bandColor struct{ widget.BaseWidget }

func newBandColor() *bandColor {
	b := &bandColor{}
	b.ExtendBaseWidget(b)
	return b
}

// CreateRenderer implements fyne.Widget.
func (b *bandColor) CreateRenderer() fyne.WidgetRenderer {
	return &bandRenderer{widget.NewSimpleRenderer(canvas.NewRectangle(theme.Color(colorBand)))}
}

type bandRenderer struct{ fyne.WidgetRenderer }

// Refresh takes the colour of the variant in force.
func (r *bandRenderer) Refresh() {
	if rect, ok := r.Objects()[0].(*canvas.Rectangle); ok {
		rect.FillColor = theme.Color(colorBand)
	}
	r.WidgetRenderer.Refresh()
}

// columns lays objects side by side in fixed shares of the width, so that the
// rows of a list stand under their heads.
type columns []float32

// Layout implements fyne.Layout.
func (c columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, o := range objects {
		w := size.Width * c[i]
		o.Move(fyne.NewPos(x, (size.Height-o.MinSize().Height)/2))
		o.Resize(fyne.NewSize(w, o.MinSize().Height))
		x += w
	}
}

// MinSize implements fyne.Layout.
func (c columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		m = m.Max(fyne.NewSize(0, o.MinSize().Height))
	}
	return fyne.NewSize(600, m.Height)
}

// narrow centres its object in a column of a readable width.
type narrow float32

// Layout implements fyne.Layout.
func (n narrow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(size.Width, float32(n))
	for _, o := range objects {
		o.Resize(fyne.NewSize(w, o.MinSize().Height))
		h := o.MinSize().Height // of wrapped text, now that the width is known
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos((size.Width-w)/2, max(0, (size.Height-h)/3)))
	}
}

// MinSize implements fyne.Layout.
func (n narrow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		m = m.Max(o.MinSize())
	}
	return m
}

// heading is a line in a larger semi-bold.
func heading(text string) *widget.RichText {
	return widget.NewRichText(&widget.TextSegment{Text: text, Style: widget.RichTextStyle{
		SizeName: theme.SizeNameSubHeadingText, ColorName: theme.ColorNamePrimary, TextStyle: fyne.TextStyle{Bold: true},
	}})
}

// paragraph is text that wraps.
func paragraph(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}
