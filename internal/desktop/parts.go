package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// fill is a rectangle in a colour of the theme, which follows the variant.
type fill struct {
	widget.BaseWidget
	color  fyne.ThemeColorName
	radius float32
}

func newFill(color fyne.ThemeColorName, radius float32) *fill {
	f := &fill{color: color, radius: radius}
	f.ExtendBaseWidget(f)
	return f
}

// CreateRenderer implements fyne.Widget.
func (f *fill) CreateRenderer() fyne.WidgetRenderer {
	rect := canvas.NewRectangle(theme.Color(f.color))
	rect.CornerRadius = f.radius
	return &fillRenderer{widget.NewSimpleRenderer(rect), f, rect}
}

type fillRenderer struct {
	fyne.WidgetRenderer
	f    *fill
	rect *canvas.Rectangle
}

// Refresh takes the colour of the variant in force.
func (r *fillRenderer) Refresh() {
	r.rect.FillColor = theme.Color(r.f.color)
	r.WidgetRenderer.Refresh()
}

// panel puts objects on a slightly coloured ground, one below the other.
func panel(objects ...fyne.CanvasObject) *fyne.Container {
	return container.NewStack(newFill(colorPanel, 6), container.NewPadded(container.NewVBox(objects...)))
}

// track is one column: a least width, for the usual size of text, and a share of
// what is left of the whole.
type track struct {
	least, share float32
	// room is the width of the whole below which this column gives way to the one
	// with the largest share, for the usual size of text; 0: never. What it says is
	// elsewhere too.
	room float32
}

// columns lays objects side by side in tracks, so that the rows of a list stand
// under their heads.
type columns []track

// Layout implements fyne.Layout.
func (c columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	zoom := theme.TextSize() / usualText
	free := size.Width
	for _, t := range c {
		free -= t.least * zoom
	}
	width := func(t track) float32 { return t.least*zoom + max(0, free)*t.share }
	gone := func(t track) bool { return size.Width < t.room*zoom }
	most, freed := 0, float32(0)
	for i, t := range c {
		if gone(t) {
			freed += width(t)
		} else if t.share > c[most].share {
			most = i
		}
	}
	x := float32(0)
	for i, o := range objects {
		setVisible(o, !gone(c[i]))
		if gone(c[i]) {
			continue
		}
		w := width(c[i])
		if i == most {
			w += freed
		}
		h := o.MinSize().Height
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
		x += w
	}
}

// MinSize implements fyne.Layout.
func (c columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		m = m.Max(fyne.NewSize(0, o.MinSize().Height))
	}
	return fyne.NewSize(380, m.Height)
}

// sides lays two objects beside each other: the first takes a share of the width.
type sides float32

// Layout implements fyne.Layout.
func (s sides) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	gap := 2 * theme.Padding()
	w := (size.Width - gap) * float32(s)
	objects[0].Resize(fyne.NewSize(w, size.Height))
	objects[1].Move(fyne.NewPos(w+gap, 0))
	objects[1].Resize(fyne.NewSize(size.Width-gap-w, size.Height))
}

// MinSize implements fyne.Layout.
func (s sides) MinSize(objects []fyne.CanvasObject) fyne.Size {
	a, b := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(a.Width+b.Width, max(a.Height, b.Height))
}

// tight is a column whose lines belong together.
var tight = layout.NewCustomPaddedVBoxLayout(-10)

// heading is a line in a larger semi-bold.
func heading(text string) *widget.Label { return sized(text, sizeTitle, true) }

// subheading stands above a part of a page.
func subheading(text string) *widget.Label { return sized(text, theme.SizeNameSubHeadingText, true) }

func sized(text string, size fyne.ThemeSizeName, bold bool) *widget.Label {
	l := widget.NewLabel(text)
	l.SizeName, l.TextStyle.Bold, l.Wrapping = size, bold, fyne.TextWrapWord
	return l
}

// caption is a small line.
func caption(text string) *widget.Label { return sized(text, theme.SizeNameCaptionText, false) }

// paragraph is text that wraps.
func paragraph(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// primary is the button of a page.
func primary(text string, tapped func()) *widget.Button {
	b := widget.NewButton(text, tapped)
	b.Importance = widget.HighImportance
	return b
}

// left keeps an object as narrow as it is.
func left(objects ...fyne.CanvasObject) *fyne.Container { return container.NewHBox(objects...) }

// page is a column of a readable width that scrolls.
func page(objects ...fyne.CanvasObject) *container.Scroll {
	return container.NewVScroll(container.New(column(760), container.NewPadded(container.NewVBox(objects...))))
}

// column keeps its object at most so wide, and in the middle.
type column float32

// Layout implements fyne.Layout.
func (c column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(size.Width, float32(c))
	for _, o := range objects {
		o.Resize(fyne.NewSize(w, size.Height))
		o.Move(fyne.NewPos((size.Width-w)/2, 0))
	}
}

// MinSize implements fyne.Layout.
func (c column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		m = m.Max(o.MinSize())
	}
	return m
}

// tile is a large number with a word below it.
type tile struct {
	root   *fyne.Container
	figure *widget.Label
}

func newTile(word string) *tile {
	t := &tile{figure: sized("0", sizeFigure, true)}
	t.figure.Alignment, t.figure.Wrapping = fyne.TextAlignCenter, fyne.TextWrapOff
	w := caption(word)
	w.Alignment, w.Wrapping, w.Truncation = fyne.TextAlignCenter, fyne.TextWrapOff, fyne.TextTruncateEllipsis
	t.root = container.NewStack(newFill(colorPanel, 6), container.New(tight, t.figure, w))
	return t
}

func (t *tile) show(n string, importance widget.Importance) {
	if t.figure.Importance != importance {
		t.figure.Importance = importance
		t.figure.Refresh()
	}
	setLabel(t.figure, n)
}

// fields is a list of small names with their values, made anew when they change.
type fields struct {
	box  *fyne.Container
	wide bool // names beside their values, not above
	seen string
}

func newFields() *fields { return &fields{box: container.New(layout.NewCustomPaddedVBoxLayout(0))} }

func newWideFields() *fields {
	return &fields{box: container.New(layout.NewCustomPaddedVBoxLayout(-6)), wide: true}
}

// show takes names and values in turn; empty values are left out.
func (f *fields) show(pairs ...string) {
	key := ""
	for _, p := range pairs {
		key += p + "\x00"
	}
	if key == f.seen {
		return
	}
	f.seen = key
	f.box.RemoveAll()
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		value := paragraph(pairs[i+1])
		value.Selectable = true
		if f.wide {
			f.box.Add(container.New(sides(0.38), paragraph(pairs[i]), value))
			continue
		}
		f.box.Add(container.New(tight, caption(pairs[i]), value))
	}
}
