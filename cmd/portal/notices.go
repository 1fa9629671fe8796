package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/notices"
	"puntuale/internal/postgres"
)

type noticesCommands struct {
	List  noticesListCommand  `cmd:"" help:"How many notices and other letters there are, and those that were given up, with the reason."`
	Retry noticesRetryCommand `cmd:"" help:"Let notices that were given up begin anew."`
}

type noticesListCommand struct {
	database
	Limit int `default:"100" help:"Rows at most."`
}

// Run prints counts and the newest failures.
func (c *noticesListCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		counts, err := db.NoticeCounts(ctx)
		if err != nil {
			return err
		}
		for _, s := range []notices.State{notices.Waiting, notices.Handed, notices.Sent, notices.Failed, notices.Expired} {
			fmt.Printf("%-8s %d\n", s, counts[s])
		}
		list, err := db.FailedNotices(ctx, c.Limit)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return c.letters(ctx, db)
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "\nNUMBER\tADDRESS\tSTATE\tATTEMPTS\tENDED\tRESULT\tSUBMISSION")
		for _, f := range list {
			fmt.Fprintf(w, "%s\t%q\t%s\t%d\t%s\t%s\t%s\n", f.Protocol, f.Email, f.State, f.Attempts, f.EndedAt.Format(time.RFC3339), f.Result, f.Submission)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		return c.letters(ctx, db)
	})
}

// letters prints the same of the other e-mails: links, invitations, answers.
func (c *noticesListCommand) letters(ctx context.Context, db *postgres.DB) error {
	counts, err := db.LetterCounts(ctx)
	if err != nil {
		return err
	}
	fmt.Println("\nletters")
	for _, s := range []notices.State{notices.Waiting, notices.Handed, notices.Sent, notices.Failed, notices.Expired} {
		fmt.Printf("%-8s %d\n", s, counts[s])
	}
	list, err := db.FailedLetters(ctx, c.Limit)
	if err != nil || len(list) == 0 {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\nLETTER\tADDRESS\tSTATE\tATTEMPTS\tENDED\tRESULT\tSUBJECT")
	for i := range list {
		l := &list[i]
		fmt.Fprintf(w, "%d\t%q\t%s\t%d\t%s\t%s\t%q\n", l.ID, l.To, l.State, l.Attempts, l.EndedAt.Format(time.RFC3339), l.Result, l.Subject)
	}
	return w.Flush()
}

type noticesRetryCommand struct {
	database
	Submission string `help:"One notice, by its submission." xor:"which" required:""`
	All        bool   `help:"All that were given up." xor:"which" required:""`
}

// Run resets notices.
func (c *noticesRetryCommand) Run(ctx context.Context) error {
	var id *clickday.SubmissionID
	if !c.All {
		parsed, err := clickday.ParseSubmissionID(c.Submission)
		if err != nil {
			return fmt.Errorf("--submission: %w", err)
		}
		id = &parsed
	}
	return c.with(ctx, func(db *postgres.DB) error {
		n, err := db.RetryNotices(ctx, id)
		if err == nil {
			fmt.Printf("%d notices begin anew\n", n)
		}
		return err
	})
}
