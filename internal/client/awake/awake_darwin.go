package awake

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// keep has the system's own caffeinate hold an assertion as long as this
// program lives. It does not hold a closed lid.
func keep(string) (*Hold, error) {
	c := exec.Command("/usr/bin/caffeinate", "-i", "-s", "-m", "-w", strconv.Itoa(os.Getpid()))
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCannot, err)
	}
	return &Hold{release: func() error {
		err := c.Process.Kill()
		c.Wait() // killed
		return err
	}}, nil
}

// look asks pmset: "Now drawing from 'Battery Power'", "-InternalBattery-0 … 41%".
func look() Power {
	out, err := exec.Command("/usr/bin/pmset", "-g", "batt").Output()
	if err != nil {
		return Power{}
	}
	text := string(out)
	p := Power{Known: true, Battery: strings.Contains(text, "InternalBattery")}
	p.OnBattery, p.Lid = p.Battery && strings.Contains(text, "Battery Power"), p.Battery
	if before, _, ok := strings.Cut(text, "%"); ok {
		digits := before[strings.LastIndexAny(before, " \t")+1:]
		p.Percent, _ = strconv.Atoi(digits) // 0 when it is not a number
	}
	return p
}
