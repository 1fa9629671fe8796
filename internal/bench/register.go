package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// RegisterPlan says how much of what follows the acknowledgement is measured.
type RegisterPlan struct {
	Only    []string // names of parts; all if empty
	Program string   // path of the intake, whose "work" is measured
	Dir     string   // directory on the disk to measure on; the temporary one if empty
	Records int      // submissions of the throughput
	Profile string   // file for a processor profile of the worker, if any
	Log     io.Writer
}

// registerPart measures one thing and writes its figures.
type registerPart struct {
	name    string
	measure func(context.Context, RegisterPlan, io.Writer) error
}

// registerParts are measured in this order.
var registerParts = []registerPart{
	{"throughput", registerThroughput},
	{"receipts", registerReceipts},
	{"verify", registerVerify},
	{"lists", registerLists},
}

// Register measures the parts of the plan and writes figures as they come.
func Register(ctx context.Context, plan RegisterPlan, w io.Writer) error {
	for _, p := range registerParts {
		if len(plan.Only) > 0 && !slices.Contains(plan.Only, p.name) {
			continue
		}
		if err := p.measure(ctx, plan, w); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}
