// Package journeys is nothing but tests: people who walk through the portal in a
// real Chromium, from the first page to what they came for, once with JavaScript
// and once without. They click, type, press keys and choose files; what they did
// not do at the portal that day (a role that was granted, a submission that came
// in, a computer that was paired) is there before.
package journeys
