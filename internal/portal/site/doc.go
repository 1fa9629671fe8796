// Package site is the frame that every page of the portal is built on: who is
// visiting and in which language, what a route asks of its visitor, headers and
// sessions, and the way out for HTML. Rooms bring routes, templates and texts;
// the site joins them. Pages render to memory before the first byte goes out.
package site
