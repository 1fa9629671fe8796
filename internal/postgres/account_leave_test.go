package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/postgres/pgtest"
)

// thoughtOf are the columns that name accounts, applications, seals or devices
// and are not emptied by the database itself, with what the end of an account
// does about them: ended (by Leave), or kept, because it belongs to the record of
// others or because only closed accounts have it.
var thoughtOf = map[string]string{
	"applications.account_id": "ended", "seals.application_id": "ended", "devices.account_id": "ended", "authorization_codes.account_id": "ended",
	"authorization_codes.person_id": "ended", "access_tokens.account_id": "ended", "access_tokens.person_id": "ended", "access_tokens.device_id": "ended",
	"delegations.account_id": "ended", "delegations.delegate_id": "ended", "rehearsals.account_id": "ended", "device_syncs.account_id": "ended",
	"device_syncs.device_id": "ended",
	"delegations.granted_by": "kept", "organisations.account_id": "kept", "organisations.created_by": "kept", "mandates.intermediary_id": "kept",
	"mandates.employer_id": "kept", "mandates.created_by": "kept", "mandates.decided_by": "kept", "mandates.revoked_by": "kept",
	"mandate_documents.uploaded_by": "kept", "archive.account_id": "kept", "staff_roles.account_id": "kept", "staff_roles.granted_by": "kept",
	"audit_log.staff_id": "kept",
}

// TestTheEndOfAnAccountThinksOfEveryTable fails when a new table names accounts or
// what is theirs, so that its author says what becomes of it: ON DELETE CASCADE
// where the rows of applications go, a statement in account_leave.go, or a line
// above.
func TestTheEndOfAnAccountThinksOfEveryTable(t *testing.T) {
	db := pgtest.New(t)
	rows, err := db.Pool.Query(t.Context(), `SELECT c.conrelid::regclass::text || '.' || a.attname
		FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
		WHERE c.contype = 'f' AND c.confdeltype NOT IN ('c', 'n') AND c.conparentid = 0
		AND c.confrelid IN ('accounts'::regclass, 'applications'::regclass, 'seals'::regclass, 'devices'::regclass)`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if thoughtOf[n] == "" {
			t.Errorf("%s: what becomes of it when an account ends?", n)
		}
	}
	if len(names) < 5 {
		t.Errorf("only %d columns found", len(names))
	}
}
