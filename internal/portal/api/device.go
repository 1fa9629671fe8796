package api

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

const (
	maxDeviceBody = 8 << 10 // bytes
	maxDeviceName = 80      // runes
)

// clientRoutes are those of the mini-client, in the order of its way.
func (a *API) clientRoutes() {
	register(a, public, huma.Operation{
		OperationID: "config", Method: http.MethodGet, Path: "/api/v1/config", Tags: []string{tagClient},
		Summary: "Keys, nodes and time servers that a mini-client needs",
	}, nil, a.config)
	register(a, public, huma.Operation{
		OperationID: "calendar", Method: http.MethodGet, Path: "/api/v1/calendar", Tags: []string{tagClient},
		Summary: "The signed calendar of click days", Description: "Deterministic CBOR under an Ed25519 signature, docs/protocol.md, 8. For JSON see /api/v1/days.",
		Responses: binaryAnswer("The newest calendar.", wire.TypeCalendar),
	}, []clickday.Code{clickday.CodeNotFound}, a.calendar)
	register(a, computers, huma.Operation{
		OperationID: "list-devices", Method: http.MethodGet, Path: "/api/v1/devices", Tags: []string{tagClient},
		Summary: "Paired computers, revoked ones among them",
	}, nil, a.listDevices)
	register(a, computers, huma.Operation{
		OperationID: "register-device", Method: http.MethodPost, Path: "/api/v1/devices", Tags: []string{tagClient},
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxDeviceBody, Metadata: map[string]any{codeOfBad: codeBadDevice},
		Summary: "Register the key of this computer", Description: "The same key again for the same account gets the same answer.",
	}, []clickday.Code{codeBadDevice, codeForeignDevice, codeTokenBound}, a.registerDevice)
	register(a, computers, huma.Operation{
		OperationID: "sync", Method: http.MethodGet, Path: "/api/v1/sync", Tags: []string{tagClient},
		Summary: "Sealed applications with their tickets, models and calendar",
	}, []clickday.Code{codeNoDevice}, a.sync)
	register(a, everyone, huma.Operation{
		OperationID: "outcomes", Method: http.MethodGet, Path: "/api/v1/outcomes", Tags: []string{tagOutcomes},
		Summary: "What became of every submission of the account",
	}, nil, a.outcomes)
	register(a, everyone, huma.Operation{
		OperationID: "receipt", Method: http.MethodGet, Path: "/api/v1/applications/{id}/receipt", Tags: []string{tagOutcomes},
		Summary: "The receipt of an application", Responses: binaryAnswer("The signed PDF.", "application/pdf"),
	}, []clickday.Code{clickday.CodeNotFound}, a.receipt)
}

type accountJSON struct {
	ID    clickday.AccountID `json:"id"`
	Name  string             `json:"name"`
	Email string             `json:"email"`
}

func accountOf(a *accounts.Account) accountJSON { return accountJSON{a.ID, a.Name, a.Email} }

type registration struct {
	Name      string `json:"name" doc:"1 to 80 characters."`
	PublicKey []byte `json:"public_key" doc:"Ed25519, 32 bytes."`
	Proof     []byte `json:"proof" doc:"Signature over the access token (docs/protocol.md, 9)."`
}

func (g *registration) valid(token string) bool {
	g.Name = strings.Join(strings.Fields(g.Name), " ")
	return g.Name != "" && !strings.ContainsRune(g.Name, 0) && utf8.ValidString(g.Name) && utf8.RuneCountInString(g.Name) <= maxDeviceName &&
		len(g.PublicKey) == ed25519.PublicKeySize && wire.CheckDevice(g.PublicKey, token, g.Proof) == nil
}

type registeredJSON struct {
	DeviceID int64       `json:"device_id"`
	Account  accountJSON `json:"account"`
}

func (a *API) registerDevice(ctx context.Context, in *struct{ Body registration }) (*body[registeredJSON], error) {
	c := callerOf(ctx)
	if !in.Body.valid(c.token) {
		return nil, refuse(codeBadDevice)
	}
	d := accounts.Device{Account: c.Account.ID, Name: in.Body.Name, CreatedAt: a.Clock.Now()}
	copy(d.PublicKey[:], in.Body.PublicKey)
	stored, err := a.Store.RegisterDevice(ctx, c.tokenHash, &d)
	if err != nil {
		return nil, err
	}
	if stored.Revoked { // an old token cannot lift a revocation
		return nil, refuse(clickday.CodeDeviceRevoked)
	}
	a.Log.InfoContext(ctx, "device registered", "account", c.Account.ID, "device", stored.ID)
	return answer(registeredJSON{stored.ID, accountOf(&c.Account)}), nil
}

type deviceJSON struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	PublicKey []byte    `json:"public_key"`
	CreatedAt time.Time `json:"created_at"`
	Revoked   bool      `json:"revoked"`
}

type devicesJSON struct {
	Devices []deviceJSON `json:"devices" nullable:"false"`
}

func (a *API) listDevices(ctx context.Context, _ *struct{}) (*body[devicesJSON], error) {
	list, err := a.Store.Devices(ctx, callerOf(ctx).Account.ID)
	if err != nil {
		return nil, err
	}
	out := make([]deviceJSON, len(list))
	for i, d := range list {
		out[i] = deviceJSON{d.ID, d.Name, d.PublicKey[:], d.CreatedAt.UTC(), d.Revoked}
	}
	return answer(devicesJSON{out}), nil
}

func (a *API) receipt(ctx context.Context, in *ApplicationPath) (*file, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	pdf, err := a.Store.ReceiptOf(ctx, callerOf(ctx).Account.ID, id)
	if err != nil {
		return nil, err
	}
	return &file{ContentType: "application/pdf", ContentLength: len(pdf), Body: pdf}, nil
}

// ApplicationPath is the address of one application.
type ApplicationPath struct {
	ID string `path:"id" doc:"Id of the application, a UUID."`
}

// id reads the id; what is none is not found.
func (p *ApplicationPath) id() (clickday.ApplicationID, error) {
	id, err := clickday.ParseApplicationID(p.ID)
	if err != nil {
		return id, refuse(clickday.CodeNotFound)
	}
	return id, nil
}
