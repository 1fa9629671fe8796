package desktop

import (
	_ "embed"

	"fyne.io/fyne/v2"
)

//go:embed icon.svg
var icon []byte

// Icon is the program's own, for the bar of windows; packages install the same file.
func Icon() fyne.Resource { return fyne.NewStaticResource("icon.svg", icon) }
