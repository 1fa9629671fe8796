//go:build headless

package main

import "puntuale/internal/client/cli"

// window is nil: this build has none.
var window cli.Window
