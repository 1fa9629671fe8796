package main

import (
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clockwatch"
)

// clockFlags are the settings of the clock watch; docs/intake.md explains them.
type clockFlags struct {
	Servers     []string      `help:"Time servers, name or address with an optional port, separated by commas; \"inrim\" stands for the three of INRIM. None: stamps say that the clock is not watched."`
	Agree       int           `help:"How many of them must agree. 0 is more than half."`
	Poll        time.Duration `default:"64s" help:"Pause between questions to one server, 16s to 1024s."`
	BoundOK     time.Duration `name:"bound-ok" default:"50ms" help:"Distance from UTC above which stamps are flagged."`
	BoundRefuse time.Duration `name:"bound-refuse" default:"250ms" help:"Distance from UTC above which no click day opens."`
}

// config is the configuration of the watch.
func (c *clockFlags) config() clockwatch.Config {
	return clockwatch.Config{
		Servers: c.Servers, Agree: c.Agree, Poll: c.Poll,
		Policy: clockwatch.Policy{OK: c.BoundOK, Refuse: c.BoundRefuse},
	}
}

// check reports the first setting that is wrong.
func (c *clockFlags) check() error {
	cfg := c.config()
	return cfg.Check()
}

// openClock makes the watch; it begins to ask when it runs.
func (n *node) openClock() (err error) {
	cfg := n.cmd.Clock.config()
	cfg.Dir, cfg.Log = n.cmd.Data, n.log
	cfg.Days = func() []clickday.Day {
		if t := n.calendar.Current(); t != nil {
			return t.Days
		}
		return nil
	}
	n.clock, err = clockwatch.New(cfg)
	return err
}
