package pades

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files of a watched seal are looked at, in time of
// sealing.
const lookEvery = 5 * time.Second

// Watched is a seal whose key and certificate may be replaced while the program
// runs. Files that do not make a seal, as in the moment between the first and the
// second of a new pair, are reported once and change nothing. It is safe for
// concurrent use.
type Watched struct {
	keyPath, certPath string
	log               *slog.Logger

	mu     sync.Mutex
	seal   *Seal     // guarded by mu
	files  [2]file   // guarded by mu; as of the last attempt to load them
	looked time.Time // guarded by mu
}

// file tells one version of a file from another.
type file struct {
	size    int64
	changed time.Time
	present bool
}

// Watch loads the seal and looks after its files from then on.
func Watch(keyPath, certPath string, log *slog.Logger) (*Watched, error) {
	w := &Watched{keyPath: keyPath, certPath: certPath, log: log}
	var err error
	if w.files, err = w.stat(); err != nil {
		return nil, err
	}
	if w.seal, err = Load(keyPath, certPath); err != nil {
		return nil, err
	}
	return w, nil
}

// Sign is Sign of the seal as its files are.
func (w *Watched) Sign(pdf []byte, at time.Time) ([]byte, error) { return w.current(at).Sign(pdf, at) }

// Subject is Subject of the seal that was loaded last.
func (w *Watched) Subject() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seal.Subject()
}

func (w *Watched) current(at time.Time) *Seal {
	w.mu.Lock()
	defer w.mu.Unlock()
	if since := at.Sub(w.looked); since >= 0 && since < lookEvery {
		return w.seal
	}
	w.looked = at
	files, err := w.stat()
	if err == nil && files == w.files {
		return w.seal
	}
	fresh, loadErr := Load(w.keyPath, w.certPath)
	if err = errors.Join(err, loadErr); err != nil {
		if files != w.files {
			w.log.Error("the new files of the seal are not used, the old seal goes on", "error", err)
		}
		w.files = files
		return w.seal
	}
	w.files, w.seal = files, fresh
	w.log.Info("the seal was loaded anew", "subject", fresh.Subject(), "valid_until", fresh.certificate.NotAfter)
	return w.seal
}

func (w *Watched) stat() (files [2]file, err error) {
	for i, path := range []string{w.keyPath, w.certPath} {
		info, statErr := os.Stat(path)
		if statErr == nil {
			files[i] = file{info.Size(), info.ModTime(), true}
		} else if !errors.Is(statErr, fs.ErrNotExist) {
			err = errors.Join(err, statErr)
		}
	}
	return files, err
}
