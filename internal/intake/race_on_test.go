//go:build race

package intake

// raceDetector says that memory figures are those of the race detector.
const raceDetector = true
