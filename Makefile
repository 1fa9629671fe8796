# Puntuale. Run `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := bin
GOFLAGS_BUILD := -trimpath
# The programs of a first run: pure Go, no graphics stack.
PROGRAMS := portal intake miniclient demo
TEST_TIMEOUT ?= 25m

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z0-9-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: deps-demo programs ## everything on this machine: a click day a minute from now, receipts, the portal left running
	@$(BIN)/demo run $(DEMO)

.PHONY: demo-rehearsal
demo-rehearsal: deps-demo programs ## a rehearsal weeks before the opening: numbers, receipts without value, reports; the portal left running
	@$(BIN)/demo run --rehearse $(DEMO)

.PHONY: demo-reset
demo-reset: programs ## forget all that `make demo` has kept
	@$(BIN)/demo reset

.PHONY: programs
programs: ## build portal, intake, mini-client (no window) and demo into bin/
	@mkdir -p $(BIN)
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -tags headless -o $(BIN)/ $(addprefix ./cmd/,$(PROGRAMS))

.PHONY: miniclient
miniclient: deps-desktop ## build the desktop mini-client into bin/miniclient-desktop (a first build takes minutes)
	@mkdir -p $(BIN)
	go build $(GOFLAGS_BUILD) -tags no_emoji -o $(BIN)/miniclient-desktop ./cmd/miniclient

.PHONY: installer-linux
installer-linux: deps-desktop ## build the Debian package of the mini-client into bin/ (VERSION=1.0.0, KEY=public release key)
	@installer/linux/build.sh $(or $(VERSION),0.1.0) $(KEY)

.PHONY: check-installer-linux
check-installer-linux: installer-linux ## install that package on this machine, start it on a screen of its own, remove it again (root)
	@scripts/deps.sh window
	@installer/linux/check.sh bin/puntuale-miniclient_$(or $(VERSION),0.1.0)_$$(dpkg --print-architecture).deb bin/installed.png

.PHONY: test
test: deps-test ## install what is missing, then run every test with the race detector
	go vet -tags headless ./...
	go test -race -tags headless -timeout $(TEST_TIMEOUT) ./...
	go build ./...
	go test -race -timeout $(TEST_TIMEOUT) -run TestDesktopWindow -tags desktop_window ./internal/e2e

.PHONY: test-kill
test-kill: deps-test ## the end-to-end run that kills intake, worker and Redis, again and again (long)
	PUNTUALE_KILL_ROUNDS=$${ROUNDS:-10} go test -race -tags headless -timeout 60m -count=1 -v -run TestKilledProcessesLoseNothing ./internal/e2e

.PHONY: loadtest
loadtest: deps-demo programs ## build bin/loadtest, which replays the peak of a click day (docs/loadtest.md)
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/loadtest ./loadtest

.PHONY: bench-loadtest
bench-loadtest: loadtest ## figures of the load tester, and P3 at 1/20 with everything on this machine (minutes)
	@scripts/deps.sh bench
	@$(BIN)/loadtest bench $(LOADTEST)

.PHONY: bench-demo
bench-demo: deps-demo programs ## figure: seconds from the opening to the last receipt of a demo
	@$(BIN)/demo run --opens-in 20s --once

.PHONY: bench-powercut
bench-powercut: deps-demo ## figure: submissions lost over power cuts, failing and full disks (needs root and loop devices)
	@mkdir -p $(BIN)
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/ ./cmd/intake ./cmd/bench
	@$(BIN)/bench powercut $(POWERCUT)

.PHONY: bench-kill
bench-kill: deps-demo ## figure: submissions lost over 200 SIGKILLs, and how soon the intake is back
	@mkdir -p $(BIN)
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/ ./cmd/intake ./cmd/bench
	@$(BIN)/bench kill $(KILL)

.PHONY: bench-restart
bench-restart: deps-demo ## figure: seconds until an intake with a million submissions in its journal is back
	@mkdir -p $(BIN)
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/ ./cmd/intake ./cmd/bench
	@$(BIN)/bench restart $(RESTART)

.PHONY: bench-intake
bench-intake: programs ## figures of the intake beside webdis, a handler that answers ok, and nginx (minutes)
	@scripts/deps.sh bench
	@mkdir -p $(BIN)
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/bench ./cmd/bench
	@$(BIN)/bench intake $(BENCH)

.PHONY: bench-client
bench-client: deps-demo programs miniclient ## figures of the mini-client: early and late arrivals, 300 at once, sizes, kills, window (minutes)
	@scripts/deps.sh window
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/bench ./cmd/bench
	@$(BIN)/bench client $(BENCH)

.PHONY: bench-portal
bench-portal: deps-demo programs ## figures of the portal with 100,000 accounts and 1,000,000 archived applications (minutes; PORTAL=--dir=… keeps the database)
	@scripts/deps.sh test
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/bench ./cmd/bench
	@$(BIN)/bench portal $(PORTAL)

.PHONY: bench-generator
bench-generator: programs ## our generator of load beside wrk, on the same servers
	@scripts/deps.sh bench
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/bench ./cmd/bench
	@$(BIN)/bench generator $(BENCH)

.PHONY: bench-register
bench-register: deps-demo programs ## figures of numbers, ledger, receipts and verification; crash table; 1,000 seeds of several nodes (long)
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $(BIN)/bench ./cmd/bench
	@$(BIN)/bench register $(REGISTER)
	@set -o pipefail; PUNTUALE_REGISTER=long go test -count=1 -timeout 4h -v -run 'TestCrashTable|TestManyNodes' ./internal/sequencer | grep -E '^(FIGURE|FAIL|ok|--- FAIL)'

.PHONY: loadtest-faults
loadtest-faults: loadtest ## every scenario of faults over a peak of thousands, judged (minutes)
	@set -e; for s in loadtest/scenarios/*.json; do echo "== $$s"; $(BIN)/loadtest run --own --profile P3 --scale $${SCALE:-0.02} --until 20s \
		--lateness-max 250ms --scenario $$s $(FAULTS); done

.PHONY: vectors
vectors: ## write the test vectors of docs/protocol.md anew
	go test ./internal/wire -run Vectors -update

.PHONY: deps-demo deps-desktop deps-test
deps-demo: ; @scripts/deps.sh demo
deps-desktop: ; @scripts/deps.sh desktop
deps-test: ; @scripts/deps.sh test

.PHONY: fmt
fmt: ## format the Go files
	gofmt -w $$(git ls-files '*.go')

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)
