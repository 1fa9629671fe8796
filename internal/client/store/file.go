package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// tmpPrefix marks files that a crash left half written.
const tmpPrefix = ".tmp-"

// WriteFile puts a file there whole or not at all, and returns when the file
// and its name are on the disk. Mode 0600, or 0644 when public.
func WriteFile(path string, b []byte, public bool) error {
	return disk{}.writeAll(filepath.Dir(path), []blob{{filepath.Base(path), b}}, public)
}

// disk does the writing; fault, when set, is called before every step that
// touches the disk and stands for the power going off there (tests only).
type disk struct{ fault func(step string) error }

type blob struct {
	name string
	data []byte
}

func (d disk) step(name string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(name)
}

// writeAll writes the files one after the other and syncs the directory once
// at the end. After an error some of them may be the new ones: each is whole.
func (d disk) writeAll(dir string, files []blob, public bool) error {
	for _, f := range files {
		if err := d.write(dir, f, public); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(dir, f.name), err)
		}
	}
	if err := d.step("sync-dir"); err != nil {
		return err
	}
	return syncDir(dir)
}

func (d disk) write(dir string, f blob, public bool) error {
	if err := d.step("create"); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, tmpPrefix+"*")
	if err != nil {
		return err
	}
	if err := d.fill(tmp, f.data, public); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	if err := d.step("rename"); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, f.name)); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// fill writes and syncs the temporary file, and always closes it.
func (d disk) fill(tmp *os.File, b []byte, public bool) error {
	err := d.step("write")
	if err == nil {
		_, err = tmp.Write(b)
	}
	if err == nil && public {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = d.step("sync")
	}
	if err == nil {
		err = tmp.Sync()
	}
	return errors.Join(err, tmp.Close())
}
