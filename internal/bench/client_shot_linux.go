package bench

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
)

const (
	// apartShots is the time between two click days of which each has a process of
	// its own; shotLead is how long before its click day a process starts.
	apartShots = time.Second // RealtimeKit serves a user 25 times in 20 s
	shotLead   = 14*time.Second + apartShots/2
	// intakeStarts is how long the intake may take to start on a busy machine.
	intakeStarts = 20 * time.Second
	// tellLate is how late a firing is told of, with what its client has said.
	tellLate = 4 * time.Millisecond
)

// ShotJob is one firing of a process of its own, as a user's computer has it.
type ShotJob struct {
	Dir    string            `json:"dir"` // of its records
	Addr   string            `json:"addr"`
	CA     string            `json:"ca"`
	Public ed25519.PublicKey `json:"public"`
	Day    clickday.Day      `json:"day"`
	Record store.Record      `json:"record"`
}

// Shot is what came of it. The instants are nanoseconds since 1970 of the one
// machine that both ends run on.
type Shot struct {
	Record   store.Record `json:"record"`
	Requests int          `json:"requests"`
	Early    int          `json:"early"`
	Aim      int64        `json:"aim"`       // when the wait was to end
	Woke     int64        `json:"woke"`      // when it did
	Left     int64        `json:"left"`      // when the request was handed over to be written
	RealTime bool         `json:"real_time"` // whether the thread had precedence over all ordinary ones
	Arrived  int64        `json:"-"`         // kernel stamp at the intake
	Opens    int64        `json:"-"`
	Said     string       `json:"-"` // its log
}

// FireOne is the process: it reads a job, waits, fires with the client's own
// code, and writes what came of it.
func FireOne(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	var j ShotJob
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return fmt.Errorf("bench: job: %w", err)
	}
	st, err := onDisk(j.Dir, []store.Record{j.Record})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	clk := clock.System{}
	g := &Ground{Node: j.Public}
	s := &clientSite{Ground: g, ca: j.CA, days: []clickday.Day{j.Day}, log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	shot, count := Shot{}, &shots{clk: clk}
	precise := timing.Precise(clk)
	wait := func(ctx context.Context, until time.Time) error {
		err := precise(ctx, until)
		shot.Woke, shot.Aim = clk.Now().UnixNano(), until.UnixNano()
		if a, err := unix.SchedGetAttr(0, 0); err == nil {
			shot.RealTime = a.Policy == unix.SCHED_RR
		}
		return err
	}
	if err := s.run(ctx, &j.Day, j.Addr, st, timing.NewBase(clk), wait, count); err != nil {
		return err
	}
	shot.Record, shot.Requests, shot.Early, shot.Left = st.Day(j.Day.ID)[0], count.sent, count.early, count.left
	return json.NewEncoder(out).Encode(shot)
}

// shooter is who fires.
type shooter struct {
	name     string // in the figures
	program  string
	ordinary bool   // a user without any right, which only root can ask for
	bus      string // the system bus; a path that is not there for none
}

// FireApart has n processes fire at the real intake, each at an opening of its
// own, for one kind of user.
func (g *Ground) FireApart(ctx context.Context, u shooter, n int, progress io.Writer) ([]Shot, error) {
	begin := g.Clock.Now().Add(shotLead + intakeStarts)
	opens := make([]time.Time, n)
	for i := range opens {
		opens[i] = begin.Add(time.Duration(i) * apartShots)
	}
	s, err := g.openClientSite(ctx, opens)
	if err != nil {
		return nil, err
	}
	out := make([]Shot, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if errs[i] = pause(ctx, opens[i].Add(-shotLead).Sub(g.Clock.Now())); errs[i] == nil {
				out[i], errs[i] = s.fireOne(ctx, u, i)
			}
		})
	}
	all.Wait()
	for i := range out {
		if s := &out[i]; time.Duration(s.Arrived-s.Opens).Abs() > tellLate {
			fmt.Fprintf(progress, "firing %d: %v late, aim %v, woke %v, left %v\n%s", i, time.Duration(s.Arrived-s.Opens),
				time.Duration(s.Aim-s.Opens), time.Duration(s.Woke-s.Opens), time.Duration(s.Left-s.Opens), s.Said)
		}
	}
	fmt.Fprintf(progress, "%d firings, a process each\n", n)
	return out, errors.Join(errors.Join(errs...), s.close())
}

// fireOne starts the process of one firing.
func (s *clientSite) fireOne(ctx context.Context, u shooter, i int) (Shot, error) {
	rs, err := s.records(ctx, s.days[i].ID, 1)
	if err != nil {
		return Shot{}, err
	}
	dir := filepath.Join(s.peer.dir, fmt.Sprintf("client-%d", i))
	job, err := json.Marshal(ShotJob{
		Dir: dir, Addr: s.peer.Addr, CA: s.ca, Public: s.Node, Day: s.days[i], Record: rs[0],
	})
	if err != nil {
		return Shot{}, fmt.Errorf("bench: job: %w", err)
	}
	var out, diagnosis bytes.Buffer
	c := exec.CommandContext(ctx, u.program, "shot")
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(job), &out, &diagnosis
	c.SysProcAttr = ownSession()
	c.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+u.bus)
	if u.ordinary {
		if err := s.demote(c, dir); err != nil {
			return Shot{}, err
		}
	}
	if err := c.Run(); err != nil {
		return Shot{}, fmt.Errorf("bench: shot %d: %w\n%s", i, err, diagnosis.Bytes())
	}
	shot := Shot{Said: diagnosis.String()}
	if err := json.Unmarshal(out.Bytes(), &shot); err != nil {
		return Shot{}, fmt.Errorf("bench: shot %d: %w", i, err)
	}
	shot.Opens = s.days[i].Opens
	if shot.Record.State == store.Acknowledged {
		leaf, err := leafOf(shot.Record)
		if err != nil {
			return Shot{}, err
		}
		shot.Arrived = leaf.Stamp.UnixNano
	}
	return shot, nil
}

// ownSession starts a program as a desktop does, so that the system shares the
// processors out between programs.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// nobody is a user without any right.
const nobody = 65534

// demote makes a command run as nobody, in a directory that is its own.
func (s *clientSite) demote(c *exec.Cmd, dir string) error {
	c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	err := errors.Join(os.Chmod(s.dir, 0o711), os.Mkdir(dir, 0o700), os.Chown(dir, nobody, nobody))
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

// privileged makes a copy of this program that may give itself precedence
// whoever runs it, as a package installs the mini-client: cap_sys_nice+ep.
func (g *Ground) privileged() (string, error) {
	b, err := os.ReadFile(g.Self)
	path := filepath.Join(g.dir, "privileged")
	if err == nil {
		err = os.WriteFile(path, b, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	words := make([]byte, 20) // struct vfs_cap_data: revision and flag, then two sets in two halves each
	binary.LittleEndian.PutUint32(words, 0x02000000|1)
	binary.LittleEndian.PutUint32(words[4:], 1<<unix.CAP_SYS_NICE)
	if err := unix.Setxattr(path, "security.capability", words, 0); err != nil {
		return "", fmt.Errorf("bench: capability of %s: %w", path, err)
	}
	return path, nil
}

// reportLoaded fires while every processor is busy. As root: as an ordinary user
// with RealtimeKit, as on a desktop; with the program as a package installs it;
// and with neither.
func (g *Ground) reportLoaded(ctx context.Context, p ClientPlan, progress io.Writer) ([]Figure, error) {
	load, err := g.burn(p.Busy)
	if err != nil {
		return nil, err
	}
	defer load.stop()
	none := "unix:path=" + filepath.Join(g.dir, "none")
	if os.Getuid() != 0 {
		shots, err := g.FireApart(ctx, shooter{program: g.Self, bus: os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")}, p.Loaded, progress)
		return lateness("client", shots), err
	}
	program, err := g.privileged()
	if err != nil {
		return nil, err
	}
	k, err := g.startKit(ctx)
	if err != nil {
		return nil, err
	}
	var out []Figure
	for _, u := range []shooter{
		{"client", g.Self, true, k.address},
		{"client_installed_with_capability", program, true, none},
		{"client_without_precedence", g.Self, true, none},
	} {
		shots, err := g.FireApart(ctx, u, p.Loaded, progress)
		if err != nil {
			return nil, errors.Join(err, k.stop())
		}
		figures := lateness(u.name, shots)
		if u.bus == none && u.program == g.Self {
			// Neither a desktop nor the package: how late that is depends on what else
			// runs. It is told, and held to nothing but never being early.
			figures = append(figures[:3:3], told(figures[3:])...)
		}
		out = append(out, figures...)
	}
	return out, k.stop()
}

// told takes the targets off figures.
func told(figures []Figure) []Figure {
	out := make([]Figure, len(figures))
	for i, f := range figures {
		out[i] = plain(f.Name, f.Value, f.Unit)
	}
	return out
}

// lateness sums up firings over a way without any delay, and where the time went.
func lateness(name string, shots []Shot) []Figure {
	var late, unsure, wake, leave, way []time.Duration
	wrong, realTime := 0, 0
	for i := range shots {
		s := &shots[i]
		if s.RealTime {
			realTime++
		}
		wrong += s.Early
		if s.Arrived < s.Opens {
			wrong++ // early, or without an acknowledgement
			continue
		}
		late = append(late, time.Duration(s.Arrived-s.Opens))
		unsure = append(unsure, time.Duration(s.Aim-s.Opens))
		wake = append(wake, time.Duration(s.Woke-s.Aim))
		leave = append(leave, time.Duration(s.Left-s.Woke))
		way = append(way, time.Duration(s.Arrived-s.Left))
	}
	out := []Figure{
		plain(name+"_loaded_firings", float64(len(shots)), "firings"),
		plain(name+"_loaded_with_real_time_precedence", float64(realTime), "firings"),
		atMost(name+"_loaded_early_or_missing", float64(wrong), "firings", 0),
		atMost(name+"_lateness_p50", ms(quantile(late, 0.5)), "ms", beyondP50),
		atMost(name+"_lateness_p99", ms(quantile(late, 0.99)), "ms", beyondP99),
	}
	for _, part := range []struct {
		name   string
		values []time.Duration
	}{{"clock_error", unsure}, {"waking", wake}, {"leaving", leave}, {"way", way}} {
		out = append(out, plain(name+"_late_by_"+part.name+"_p50", ms(quantile(part.values, 0.5)), "ms"),
			plain(name+"_late_by_"+part.name+"_p99", ms(quantile(part.values, 0.99)), "ms"))
	}
	return out
}
