package clickday

// ApplicationState is where an application stands before it is sent.
type ApplicationState string

const (
	// ToComplete: required fields are missing ("da completare").
	ToComplete ApplicationState = "to_complete"
	// ToValidate: everything is there, something is wrong ("da validare").
	ToValidate ApplicationState = "to_validate"
	// Ready: valid, can be sealed ("pronta").
	Ready ApplicationState = "ready"
	// Sealed: frozen, can be synced and sent ("sigillata").
	Sealed ApplicationState = "sealed"
)

// SubmissionState is where a submission stands after it is durable.
type SubmissionState string

const (
	// Queued: in Postgres, waiting for its turn in the order ("in coda").
	Queued SubmissionState = "queued"
	// Sequenced: has its protocol number ("numerata").
	Sequenced SubmissionState = "sequenced"
	// Receipted: the PDF receipt is stored ("con ricevuta").
	Receipted SubmissionState = "receipted"
	// Repeated: the application had its number already; the number stands
	// with its earliest submission ("già ricevuta").
	Repeated SubmissionState = "repeated"
	// Refused: the content did not hold; the reason is a Code ("respinta").
	Refused SubmissionState = "refused"
)
