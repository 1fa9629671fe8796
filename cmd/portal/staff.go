package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clock"
	"puntuale/internal/postgres"
)

type staffCommands struct {
	Grant  staffGrantCommand  `cmd:"" help:"Give a role as staff to an account."`
	Revoke staffRevokeCommand `cmd:"" help:"Take a role away, at once."`
	List   staffListCommand   `cmd:"" help:"List everybody with a role."`
}

type staffGrantCommand struct {
	database
	Account  string        `help:"E-mail address of the account." required:""`
	Role     accounts.Role `help:"helpdesk, admin or auditor." required:"" enum:"helpdesk,admin,auditor"`
	Operator string        `help:"Who gives it, for the record." required:""`
}

// Run gives the role.
func (c *staffGrantCommand) Run(ctx context.Context, clk clock.Clock) error {
	return c.with(ctx, func(db *postgres.DB) error {
		a, err := staffAccount(ctx, db, c.Account)
		if err != nil {
			return err
		}
		return db.GrantRole(ctx, a.ID, c.Role, c.Operator, clk.Now())
	})
}

type staffRevokeCommand struct {
	database
	Account string        `help:"E-mail address of the account." required:""`
	Role    accounts.Role `help:"helpdesk, admin or auditor." required:"" enum:"helpdesk,admin,auditor"`
}

// Run takes the role away; the next request of an open session has it no more.
func (c *staffRevokeCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		a, err := staffAccount(ctx, db, c.Account)
		if err != nil {
			return err
		}
		return db.RevokeRole(ctx, a.ID, c.Role)
	})
}

func staffAccount(ctx context.Context, db *postgres.DB, email string) (accounts.Account, error) {
	a, err := db.AccountByEmail(ctx, email)
	if errors.Is(err, accounts.ErrNotFound) {
		return a, fmt.Errorf("--account: nobody is registered as %q", email)
	}
	return a, err
}

type staffListCommand struct{ database }

// Run prints the staff.
func (c *staffListCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		staff, err := db.Staff(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "ACCOUNT\tROLE\tSINCE\tGIVEN BY")
		for _, s := range staff {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Email, s.Role, s.GrantedAt.UTC().Format(time.RFC3339), s.GrantedBy)
		}
		return w.Flush()
	})
}
