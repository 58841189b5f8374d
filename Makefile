# Countersign. `make help` lists what can be made.

CARGO     ?= cargo
DESTDIR   ?=
BINDIR    ?= /usr/bin
TARGET    := $(or $(CARGO_TARGET_DIR),target)
MODULE    := $(TARGET)/release/libpam_countersign.so
COMMAND   := $(TARGET)/release/countersign
HELPER    := $(TARGET)/release/countersign-helper

MANUALS   := $(TARGET)/manuals

.PHONY: help manuals config build deb rpm package-test vm-test check test stress fuzz sanitize mutants bench compare demo demo-admin install uninstall clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build module, command and helper (target/release), man pages and completions (target/manuals)
	@scripts/packages build
	$(CARGO) build --release --locked
	@$(MAKE) --no-print-directory manuals

manuals: ## write man pages and completions from the tables in the code (target/manuals)
	$(CARGO) run --quiet --locked --package countersign_manuals -- "$(MANUALS)"

config: ## write packaging/config.toml from the table of keys
	$(CARGO) run --quiet --locked --package countersign_manuals -- --config packaging/config.toml

check: ## the fast inner loop: format, lints, unit tests
	@scripts/packages build
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) test --locked -p countersign_common -p pam_countersign -p countersign -p countersign_manuals

test: ## everything: check, then every suite against the real thing (root, Debian 12 or alike)
	@scripts/test

deb: ## the Debian package (target/deb)
	@scripts/packages deb
	@scripts/deb

rpm: ## the RPM (target/rpm)
	@scripts/packages rpm
	@scripts/rpm

package-test: ## install, upgrade, remove and purge the Debian package in a Debian of its own, with real logins (downloads one)
	@scripts/packages package-test
	@scripts/package-test

vm-test: ## the package under a real systemd in a virtual machine: timers, restarts, power cuts (PARTS="install changes state clock")
	@scripts/packages vm-test
	@PARTS="$(PARTS)" scripts/vm-test

stress: ## the long versions of what test does in short: minutes of parallel logins, power cuts, faults
	@scripts/stress

fuzz: ## a minute of fuzzing for each reader of bytes (make fuzz SECONDS=600: longer)
	@scripts/fuzz $(or $(SECONDS),60)

sanitize: ## AddressSanitizer, valgrind, 10,000 logins in one process, every allocation failing (SANITIZE_ROUNDS=N)
	@scripts/sanitize

mutants: ## break what decides and what keeps state, line by line, and see a test fail each time (cargo-mutants)
	@scripts/mutants $(ROOMS)

bench: ## what a login costs beside the peers, and whether the bars are met; writes docs/bench.md (scripts/bench --quick)
	@scripts/bench

compare: ## the same attacks and faults against this module and two others; writes docs/comparison.md
	@scripts/compare

demo: ## log in as alice over a real ssh, in a private world (scripted without a terminal)
	@scripts/demo

demo-admin: ## an administrator's shell in the world of a running `make demo`
	@scripts/demo admin

install: ## put module, command, helper, commented config and manuals in place (DESTDIR=, SECURITYDIR=)
	@scripts/install "$(DESTDIR)" "$(BINDIR)" "$(MODULE)" "$(COMMAND)" "$(HELPER)" "$(MANUALS)"

uninstall: ## take module, command and helper away; config and state stay
	@scripts/uninstall "$(DESTDIR)" "$(BINDIR)"

clean: ## remove what was built
	$(CARGO) clean
