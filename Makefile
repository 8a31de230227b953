# The verbs. cmake and npm do the work; everything is built under build/.
#
#   make run    build, start everything, place a spoken demo call, keep serving on :8000
#   make demo   the same call alone; exits non-zero if the call missed its goal
#   make test   every test; ends in "N passed, N failed"
#   make check  format, layers, clang-tidy, and the tests under sanitizers
#   make fuzz   each fuzz target for FUZZ_SECONDS (60)
#   make check-deploy  the package in a clean Debian under systemd, and the images; minutes, needs root
#   make deb    a Debian package in build/deb (deploy/debian)
#   make release  what is released, in build/dist: package, archive, source, bill of materials, sums (tools/release)
#   make bench  the figures for the budgets (docs/budgets.md)
#   make website  the public site, into website/out
.PHONY: run demo build test check check-deploy deb release bench fuzz format deps clean env sdk website
.DEFAULT_GOAL := build

FUZZ_SECONDS ?= 60
voiceai := build/release/voiceai

# At a terminal ninja counts on one line; elsewhere it is quiet unless something is wrong.
define build
@[ -f build/$(1)/build.ninja ] || { echo "configuring build/$(1)"; cmake --preset $(1) --log-level=WARNING; }
@if [ -t 1 ]; then NINJA_STATUS="building %f of %t  " ninja -C build/$(1) $(2); \
else echo "building build/$(1)"; ninja -C build/$(1) --quiet $(2); fi
endef

deps:
	@tools/install_deps

build: deps
	$(call build,release,voiceai)

run: build
	@$(voiceai) up --demo

demo: build
	@$(voiceai) up --demo --once

test:
	@tools/install_deps test
	$(call build,release,voiceai unit_tests)
	@tests/run release

check:
	@tools/install_deps check
	@tools/check
	$(call build,asan,voiceai unit_tests)
	@tests/run asan
	$(call build,tsan,voiceai unit_tests)
	@tests/run tsan unit

deb: build
	@tools/deb release build/deb

release: deb
	@tools/install_deps release
	@tools/release

check-deploy:
	@tools/install_deps deploy
	$(call build,release,voiceai)
	@tests/deploy/run

bench:
	@tools/install_deps bench
	$(call build,release,voiceai)
	@tests/bench/run

fuzz:
	@tools/install_deps check
	$(call build,fuzz)
	@tests/fuzz/run $(FUZZ_SECONDS)

website:
	@tools/install_deps website
	@cd website && { [ node_modules -nt package-lock.json ] || { npm ci --silent --no-audit --no-fund && touch node_modules; }; }
	@cd website && npm run --silent build

# .env.example is made from the settings table.
env: build
	@$(voiceai) config --env > .env.example

# The types of sdk/js and sdk/python are made from the contract.
sdk:
	@[ -d tests/e2e/node_modules/yaml ] || (cd tests/e2e && npm ci --silent --no-audit --no-fund)
	@node tools/sdk_types.mjs

format:
	@git ls-files 'src/*.[ch]' 'tests/*.[ch]' | xargs clang-format -i

clean:
	rm -rf build
