//go:build !linux && !windows && !darwin

package awake

func keep(string) (*Hold, error) { return nil, ErrCannot }

func look() Power { return Power{} }
