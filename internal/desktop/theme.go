// Package desktop draws the mini-client: views that are given a Snapshot and
// report taps, and nothing else. There is no goroutine and no network here; the
// one place where a snapshot crosses over to the graphics thread is Listen.
package desktop

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"puntuale/internal/fonts"
)

// Names of sizes and colours of our own.
const (
	sizeCountdown fyne.ThemeSizeName  = "countdown"
	sizeLong      fyne.ThemeSizeName  = "long"
	sizeFigure    fyne.ThemeSizeName  = "figure"
	sizeTitle     fyne.ThemeSizeName  = "title"
	colorBand     fyne.ThemeColorName = "band"
	colorPanel    fyne.ThemeColorName = "panel"
)

// usualText is the size of text at a zoom of 100 %.
const usualText = 15

// white is what is written in on the blue band, in both variants.
var white = color.NRGBA{0xff, 0xff, 0xff, 0xff}

// Theme is Titillium Web and the colours of Bootstrap Italia, light and dark.
type Theme struct {
	regular, semiBold fyne.Resource
	variant           string  // "light" or "dark"; "" is the system's
	zoom              float32 // of every size; 0 is 1
}

// with is the same theme in a variant and at a zoom in percent.
func (t *Theme) with(variant string, percent int) *Theme {
	u := *t
	u.variant, u.zoom = variant, float32(percent)/100
	return &u
}

// NewTheme loads the typefaces.
func NewTheme() (*Theme, error) {
	regular, err := fonts.RegularFile()
	if err != nil {
		return nil, fmt.Errorf("typeface: %w", err)
	}
	semiBold, err := fonts.SemiBoldFile()
	if err != nil {
		return nil, fmt.Errorf("typeface: %w", err)
	}
	return &Theme{
		regular:  fyne.NewStaticResource("TitilliumWeb-Regular.ttf", regular),
		semiBold: fyne.NewStaticResource("TitilliumWeb-SemiBold.ttf", semiBold),
	}, nil
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 0xff}
}

// palette has the light colour, then the dark one.
var palette = map[fyne.ThemeColorName][2]color.NRGBA{
	colorPanel:                         {rgb(0xf2f6fa), rgb(0x16273b)},
	colorBand:                          {rgb(0x0066cc), rgb(0x004080)},
	theme.ColorNamePrimary:             {rgb(0x0066cc), rgb(0x4d9de8)},
	theme.ColorNameHyperlink:           {rgb(0x0066cc), rgb(0x73b5f5)},
	theme.ColorNameFocus:               {{0x00, 0x66, 0xcc, 0x40}, {0x4d, 0x9d, 0xe8, 0x50}},
	theme.ColorNameSelection:           {{0x00, 0x66, 0xcc, 0x28}, {0x4d, 0x9d, 0xe8, 0x40}},
	theme.ColorNameForegroundOnPrimary: {rgb(0xffffff), rgb(0x0b1623)},
	theme.ColorNameBackground:          {rgb(0xffffff), rgb(0x0f1b29)},
	theme.ColorNameForeground:          {rgb(0x17324d), rgb(0xe6ecf2)},
	theme.ColorNameButton:              {rgb(0xe6eef7), rgb(0x1d3149)},
	theme.ColorNameDisabledButton:      {rgb(0xeef1f4), rgb(0x1a2836)},
	theme.ColorNameDisabled:            {rgb(0x768594), rgb(0x8696a7)},
	theme.ColorNamePlaceHolder:         {rgb(0x5a6e82), rgb(0x93a5b8)},
	theme.ColorNameInputBackground:     {rgb(0xffffff), rgb(0x16273b)},
	theme.ColorNameInputBorder:         {rgb(0x5d7083), rgb(0x6a8099)},
	theme.ColorNameSeparator:           {rgb(0xd6dce3), rgb(0x2b3f55)},
	theme.ColorNameHover:               {{0x00, 0x66, 0xcc, 0x14}, {0xff, 0xff, 0xff, 0x14}},
	theme.ColorNameSuccess:             {rgb(0x008055), rgb(0x5cc69a)},
	theme.ColorNameError:               {rgb(0xcc334d), rgb(0xff8095)},
	theme.ColorNameWarning:             {rgb(0x995c00), rgb(0xffb84d)},
	theme.ColorNameOverlayBackground:   {rgb(0xffffff), rgb(0x16273b)},
	theme.ColorNameMenuBackground:      {rgb(0xffffff), rgb(0x16273b)},
	theme.ColorNameHeaderBackground:    {rgb(0xf2f7fc), rgb(0x16273b)},
}

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch t.variant {
	case "light":
		variant = theme.VariantLight
	case "dark":
		variant = theme.VariantDark
	}
	if c, ok := palette[name]; ok {
		if variant == theme.VariantDark {
			return c[1]
		}
		return c[0]
	}
	return theme.DefaultTheme().Color(name, variant)
}

// Font implements fyne.Theme.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource {
	switch {
	case s.Monospace || s.Symbol:
		return theme.DefaultTheme().Font(s)
	case s.Bold:
		return t.semiBold
	default:
		return t.regular
	}
}

// Icon implements fyne.Theme.
func (*Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	if t.zoom != 0 && name != theme.SizeNameSeparatorThickness {
		return t.zoom * t.size(name)
	}
	return t.size(name)
}

func (*Theme) size(name fyne.ThemeSizeName) float32 {
	switch name {
	case sizeCountdown:
		return 52
	case sizeLong:
		return 36
	case sizeFigure:
		return 26
	case sizeTitle:
		return 21
	case theme.SizeNameText:
		return usualText
	case theme.SizeNameCaptionText:
		return 12.5
	case theme.SizeNameInnerPadding:
		return 7
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 4
	default:
		return theme.DefaultTheme().Size(name)
	}
}
