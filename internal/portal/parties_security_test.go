package portal

import "maps"

// The accounts of these tests are the first two: 1 is the owner's own, and
// nobody has an organisation or a mandate. Package parties has the other roles.
func init() {
	maps.Copy(allowed, map[string]struct {
		path         string
		owner, other int
	}{
		"GET /acting":                  {"/acting", 200, 200},
		"POST /acting":                 {"/acting", 400, 400},
		"GET /parties":                 {"/parties", 200, 200},
		"GET /parties/new":             {"/parties/new", 200, 200},
		"POST /parties/new":            {"/parties/new", 422, 422},
		"GET /parties/{party}":         {"/parties/1", 200, 404},
		"GET /parties/{party}/edit":    {"/parties/1/edit", 404, 404},
		"POST /parties/{party}/edit":   {"/parties/1/edit", 404, 404},
		"GET /parties/{party}/close":   {"/parties/1/close", 404, 404},
		"POST /parties/{party}/close":  {"/parties/1/close", 404, 404},
		"GET /parties/{party}/invite":  {"/parties/1/invite", 200, 404},
		"POST /parties/{party}/invite": {"/parties/1/invite", 422, 404},
		"GET /parties/{party}/delegations/{delegation}/revoke":  {"/parties/1/delegations/1/revoke", 404, 404},
		"POST /parties/{party}/delegations/{delegation}/revoke": {"/parties/1/delegations/1/revoke", 404, 404},
		"GET /invitations/{token}":                              {"/invitations/x", 404, 404},
		"POST /invitations":                                     {"/invitations", 400, 400},
		"GET /mandates":                                         {"/mandates", 200, 200},
		"GET /mandates/new":                                     {"/mandates/new", 200, 200},
		"POST /mandates/new":                                    {"/mandates/new", 422, 422},
		"GET /mandates/{mandate}":                               {"/mandates/1", 404, 404},
		"GET /mandates/{mandate}/document":                      {"/mandates/1/document", 404, 404},
		"POST /mandates/{mandate}/answer":                       {"/mandates/1/answer", 400, 400},
		"POST /mandates/{mandate}/revoke":                       {"/mandates/1/revoke", 404, 404},
		"GET /applications/{id}/mandate":                        {"{id}/mandate", 303, 404},
		"GET /staff/intermediaries":                             {"/staff/intermediaries", 404, 404},
		"POST /staff/intermediaries/{party}":                    {"/staff/intermediaries/1", 404, 404},
	})
}
