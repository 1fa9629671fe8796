package main

import "testing"

func TestWarmURL(t *testing.T) {
	for _, good := range []string{"", "https://intake.example.it", "https://intake.example.it:8444", "http://127.0.0.1:8444", "http://[::1]:8444", "http://localhost:8444"} {
		if err := checkWarmURL(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"http://intake.example.it", "http://127.0.0.1.example.it", "ftp://127.0.0.1", "intake:8444", "https://", "https://:8444", "https://x/", "https://x/v1",
		"https://x?a", "https://u@x", "https://x#f", "https://x:y",
	} {
		if checkWarmURL(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
