package main

import (
	"fmt"

	"puntuale/internal/forms"
)

// modelFiles is the setting of the commands that know the models of applications.
type modelFiles struct {
	ModelsDir string `help:"Directory with models of your own, <code>-<version>.json, beside the built-in ones. The same for portal and worker." type:"existingdir"`
}

func (f *modelFiles) load() (*forms.Catalogue, error) {
	c, err := forms.LoadWith(f.ModelsDir)
	if err != nil {
		return nil, fmt.Errorf("--models-dir: %w", err)
	}
	return c, nil
}
