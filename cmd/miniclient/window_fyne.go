//go:build !headless

package main

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"puntuale/internal/client"
	"puntuale/internal/desktop"
)

// gcPercent keeps the heap small: a window spends its time waiting, and ordinary
// PCs have other things to do with their memory.
const gcPercent = 30

// settledAfter is how long after the start everything has been drawn once.
const settledAfter = 5 * time.Second

// window shows the accounts until the person closes the window or ctx ends. The
// desk has its own goroutines; its snapshots cross over in desktop.View.Listen.
func window(ctx context.Context, d *client.Desk, lang string) error {
	a := app.NewWithID("it.puntuale.miniclient")
	a.SetIcon(desktop.Icon())
	if os.Getenv("LP_NUM_THREADS") == "" {
		// Without a graphics card Mesa draws on every processor; one is enough, and
		// the others are free for the sending. Where it is not in use, this is no matter.
		if err := os.Setenv("LP_NUM_THREADS", "1"); err != nil {
			return err
		}
	}
	debug.SetGCPercent(gcPercent)
	debug.FreeOSMemory()                  // what reading the stores has left behind
	time.AfterFunc(settledAfter, lighten) // and what building the window has
	w := a.NewWindow("Puntuale")
	w.Resize(firstSize(a))
	w.SetMaster()
	view, err := desktop.New(lang, d, a, w)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	a.Lifecycle().SetOnStarted(func() {
		go func() {
			defer close(ended)
			d.Run(view.Listen)
			fyne.Do(a.Quit) // ctx ended by a signal; after a close it does nothing
		}()
	})
	a.Lifecycle().SetOnStopped(d.Stopping)
	w.ShowAndRun()
	d.Stopping()
	<-ended
	return nil
}

// The first size of the window, in units at a scale of 1, and the pixels of the
// smallest usual screen less its bars: with larger letters the window has room for
// fewer units.
const (
	usualWidth, usualHeight   = 1120, 720
	screenWidth, screenHeight = 1240, 740
)

func firstSize(a fyne.App) fyne.Size {
	scale := a.Settings().Scale()
	if s, err := strconv.ParseFloat(os.Getenv("FYNE_SCALE"), 32); err == nil {
		scale = float32(s)
	}
	scale = max(scale, 1)
	return fyne.NewSize(min(usualWidth, screenWidth/scale), min(usualHeight, screenHeight/scale))
}
