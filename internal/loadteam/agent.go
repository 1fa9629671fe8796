package loadteam

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadrun"
)

// Gun is a generator whose connections stand.
type Gun interface {
	// Fire sends the plan, whose instants count from the opening by this
	// machine's clock, and records every answer in the part.
	Fire(ctx context.Context, opening time.Time) error
	// Move says that the opening is so much later than it was; while it fires.
	Move(by time.Duration)
	// Live is how far it is.
	Live() *loadgen.Live
}

// Agent generates the load of one part. It does what whoever has the team's key
// tells it, within what Load permits.
type Agent struct {
	Controller string // host:port
	Key        Key
	Dir        string // of its part
	Clock      clock.Clock
	// Load checks that the targets may be loaded from here and opens the
	// connections.
	Load func(ctx context.Context, job *Job, part *loadrun.Part) (Gun, error)

	web *http.Client
}

const liveEvery = 500 * time.Millisecond

// Run joins, loads once and reports. It returns when the answers are with the
// controller.
func (a *Agent) Run(ctx context.Context) error {
	config, err := a.Key.tls()
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	a.web = &http.Client{Transport: transport}
	var job Job
	if err := a.call(ctx, http.MethodPost, "/join", nil, &job); err != nil {
		return err
	}
	err = a.work(ctx, &job)
	if err != nil {
		why := err.Error()
		err = errors.Join(err, a.call(context.WithoutCancel(ctx), http.MethodPost, path("failed", job.Index), why, nil))
	}
	return err
}

func path(what string, index int) string { return fmt.Sprintf("/%s/%d", what, index) }

func (a *Agent) work(ctx context.Context, job *Job) error {
	part, err := loadrun.NewPart(a.Dir, job.Index)
	if err != nil {
		return err
	}
	for _, name := range partFiles {
		if err := a.fetch(ctx, job.Index, name, filepath.Join(part.Dir, name)); err != nil {
			return err
		}
	}
	gun, err := a.Load(ctx, job, part)
	if err != nil {
		return err
	}
	offset, err := a.measure(ctx)
	if err != nil {
		return err
	}
	if err := a.call(ctx, http.MethodPost, path("ready", job.Index), offset, nil); err != nil {
		return err
	}
	var opening int64
	if err := a.call(ctx, http.MethodGet, path("start", job.Index), nil, &opening); err != nil {
		return err
	}
	if err := a.fire(ctx, job, gun, time.Unix(0, opening).Add(-offset.Ahead)); err != nil {
		return err
	}
	return a.deliver(ctx, job.Index, filepath.Join(part.Dir, "answers.bin"))
}

// fire sends, and tells now and then how far it is.
func (a *Agent) fire(ctx context.Context, job *Job, gun Gun, opening time.Time) error {
	fired := make(chan error, 1)
	go func() { fired <- gun.Fire(ctx, opening) }()
	moving, stop := context.WithCancel(ctx)
	defer stop()
	go a.obey(moving, job, gun)
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-fired:
			return err
		case <-tick.C:
			l := gun.Live()
			err := a.call(ctx, http.MethodPost, path("live", job.Index), Counts{l.Connected.Load(), l.Due.Load(), l.Sent.Load(), l.Accepted.Load(),
				l.Refused.Load(), l.Cut.Load(), l.Failed.Load(), l.Starved.Load(), l.Pings.Load()}, nil)
			if err != nil && ctx.Err() == nil {
				continue // the next one may come through; the answers count
			}
		}
	}
}

// obey hears of every move of the opening.
func (a *Agent) obey(ctx context.Context, job *Job, gun Gun) {
	for seen := 0; ; {
		var moves []time.Duration
		if err := a.call(ctx, http.MethodGet, fmt.Sprintf("%s?seen=%d", path("moves", job.Index), seen), nil, &moves); err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(liveEvery):
				continue
			}
		}
		for _, by := range moves {
			gun.Move(by)
		}
		seen += len(moves)
	}
}

// call asks the controller.
func (a *Agent) call(ctx context.Context, method, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("loadteam: %w", err)
	}
	body, err := a.do(ctx, method, path, bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("loadteam: %s: %w", path, err)
	}
	return nil
}

func (a *Agent) do(ctx context.Context, method, path string, body io.Reader, size int64) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+a.Controller+path, body)
	if err != nil {
		return nil, fmt.Errorf("loadteam: %w", err)
	}
	req.ContentLength = size
	res, err := a.web.Do(req)
	if err != nil {
		return nil, fmt.Errorf("loadteam: %w", err)
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	why, err := io.ReadAll(io.LimitReader(res.Body, 1000))
	return nil, errors.Join(fmt.Errorf("loadteam: the controller answers %s to %s: %s", res.Status, path, strings.TrimSpace(string(why))), err, res.Body.Close())
}

// fetch copies one file of the part.
func (a *Agent) fetch(ctx context.Context, index int, name, to string) error {
	body, err := a.do(ctx, http.MethodGet, path("part", index)+"/"+name, nil, 0)
	if err != nil {
		return err
	}
	defer body.Close()
	f, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("loadteam: %w", err)
	}
	_, err = io.Copy(f, body)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("loadteam: %s: %w", name, err)
	}
	return nil
}

// deliver brings the answers to the controller.
func (a *Agent) deliver(ctx context.Context, index int, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("loadteam: %w", err)
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("loadteam: %w", err)
	}
	body, err := a.do(ctx, http.MethodPut, path("answers", index), f, info.Size())
	if err != nil {
		return err
	}
	return body.Close()
}
