//go:build !headless

package main

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"puntuale/internal/client"
	"puntuale/internal/desktop"
)

// window shows the client until the person closes the window or ctx ends. The
// session has its own goroutine; its snapshots cross over in desktop.View.Listen.
func window(ctx context.Context, c *client.Client, lang string) error {
	theme, err := desktop.NewTheme()
	if err != nil {
		return err
	}
	a := app.NewWithID("it.puntuale.miniclient")
	a.Settings().SetTheme(theme)
	w := a.NewWindow("Puntuale")
	w.Resize(fyne.NewSize(1000, 720))
	w.SetMaster()
	ctx, stop := context.WithCancel(ctx)
	session := client.NewSession(ctx, c)
	view := desktop.New(lang, session, w)
	ended := make(chan struct{})
	a.Lifecycle().SetOnStarted(func() {
		go func() {
			defer close(ended)
			session.Run(view.Listen)
			fyne.Do(a.Quit) // ctx ended by a signal; after a close it does nothing
		}()
	})
	a.Lifecycle().SetOnStopped(stop)
	w.ShowAndRun()
	stop()
	<-ended
	return nil
}
