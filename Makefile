# The modules of the workspace. Each also builds on its own.
ADAPTERS := adapters/cloudwatchzap adapters/cloudwatchzerolog adapters/cloudwatchlogrus
MODULES := . cmd/cloudwatch $(ADAPTERS) examples bench clients tools
PACKAGES := ./... ./cmd/cloudwatch/... $(ADAPTERS:%=./%/...) ./examples/... ./bench/...
STATICCHECK := $(CURDIR)/.bin/staticcheck
FUZZTIME ?= 30s

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: check
check: lint api test ## format, vet, staticcheck, API, tests with the race detector

.PHONY: test
test: ## run all tests with the race detector
	go test -race -timeout 40m $(PACKAGES)
	cd tools && GOWORK=off go test ./...

.PHONY: lint
lint: $(STATICCHECK) ## check formatting, vet and staticcheck, each module on its own, and other systems
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -s -l); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -s -w on:"; echo "$$unformatted"; exit 1; fi
	@for module in $(MODULES); do \
		echo "lint $$module"; \
		(cd $$module && GOWORK=off go mod tidy -diff && GOWORK=off go vet ./... && GOWORK=off $(STATICCHECK) ./...) || exit 1; \
	done
	@for system in darwin windows; do \
		echo "vet for $$system"; \
		GOOS=$$system go vet . ./internal/... ./cloudwatchtest ./cmd/cloudwatch || exit 1; \
	done

.PHONY: platforms
platforms: ## type-check the library for every platform of Go, about a minute
	cd tools && GOWORK=off go build -o $(CURDIR)/.bin/platforms ./platforms
	.bin/platforms . ./cloudwatchtest

.PHONY: test-32
test-32: ## vet everything and run some tests as a 32-bit program
	GOARCH=386 CGO_ENABLED=0 go vet ./... ./cmd/cloudwatch/...
	GOARCH=386 CGO_ENABLED=0 go test ./internal/batch ./internal/queue ./internal/disk ./internal/deliver ./internal/jsonline

# The tools have a module of their own, so that they stay out of the library's.
$(STATICCHECK): tools/go.mod
	cd tools && GOWORK=off GOBIN=$(CURDIR)/.bin go install tool
	@touch $@

.PHONY: bench
bench: ## compare with others side by side, about 6 minutes; writes docs/benchmarks.md
	cd bench && go run . $(BENCHFLAGS)

.PHONY: microbench
microbench: ## run the Go benchmarks of the parts
	go test -run '^$$' -bench . -benchmem . ./internal/...

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (30s)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x $$package || exit 1; \
		done; \
	done

CLIENTFLAGS ?=
.PHONY: clients
clients: ## run clients nobody here wrote (AWS CLI, SDKs, Docker...) against the endpoint, about a minute
	if command -v npm >/dev/null; then $(MAKE) clients/node/node_modules/installed; fi
	cd clients && GOWORK=off go test -count=1 -parallel 4 -timeout 15m -args $(CLIENTFLAGS)

clients/node/node_modules/installed: clients/node/package-lock.json
	cd clients/node && npm ci
	@touch $@

.PHONY: fleet
fleet: ## start 10,000 processes together, in fake time, about 10 minutes; writes docs/fleet/*.svg
	mkdir -p docs/fleet
	GOGC=400 go test -run TestFleet -v -timeout 60m ./internal/faulttest -args -fleet-size 10000 -fleet-creates 50 -fleet-puts 5000 -fleet-plot $(CURDIR)/docs/fleet

.PHONY: faults
faults: ## run the fault matrix and 100,000 random fault schedules, about half an hour
	go test -run 'TestFaultMatrix|TestFaultSchedules|TestBacklog|TestOutage' -timeout 60m ./internal/faulttest -args -schedules 100000 -outage 168h -slow-outage 168h -backlog 67108864

N ?= 1000
.PHONY: kill
kill: ## kill a logging process N (1000) times with SIGKILL, and look for every event, about 10 minutes
	go test ./internal/killtest -run TestKill -v -timeout 10h -args -kills $(N)

.PHONY: kill-serve
kill-serve: N = 200
kill-serve: ## kill 'cloudwatch serve' N (200) times under load, and look for every event, about 3 minutes
	cd cmd/cloudwatch && go test . -run TestServeKill -v -timeout 10h -args -serve-kills $(N)

EVENTS ?= 1000000
.PHONY: endpoint
endpoint: ## measure 'cloudwatch serve' with EVENTS (1,000,000) events, about a minute
	cd cmd/cloudwatch && go test . -run TestServeFigures -v -timeout 60m -args -figures $(EVENTS)

CUTS ?= 100
.PHONY: powercut
powercut: ## cut the power CUTS (100) times (copies of a file system in use), about 10 minutes; needs root and Linux
	go test -run TestSpoolPowerCut -v -timeout 2h ./internal/faulttest/spooltest -args -power-cuts $(CUTS)

.PHONY: soak
soak: ## run 30 days of faults in fake time, about 2 minutes
	go test -run TestSoak -timeout 60m ./internal/faulttest -args -soak-days 30

.PHONY: api
api: ## compare the exported API with the last tagged version
	cd tools && GOWORK=off go run ./api

.PHONY: dist
dist: ## build archives, packages and checksums of VERSION for six platforms, in dist; DISTFLAGS=-quick for this one
	cd tools && GOWORK=off go run ./dist $(DISTFLAGS) $(VERSION)

.PHONY: release
release: ## check everything, tag VERSION (v0.1.0) and verify that it installs; pushes nothing
	@if [ -z "$(VERSION)" ]; then echo 'name a version: make release VERSION=v0.1.0'; exit 1; fi
	$(MAKE) check
	cd tools && GOWORK=off go run ./release $(VERSION)

.PHONY: release-check
release-check: ## release a throw-away version of HEAD in a clone, and install it, about a minute
	cd tools && GOWORK=off go run ./release -check
