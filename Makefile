# The verbs. cmake and npm do the work; everything is built under build/.
#
#   make run    build, start everything, place a spoken demo call, keep serving on :8000
#   make demo   the same call alone; exits non-zero if the call missed its goal
#   make test   every test; ends in "N passed, N failed"
#   make check  format, layers, clang-tidy, and the tests under sanitizers
#   make fuzz   each fuzz target for FUZZ_SECONDS (60)
#   make bench  the figures for the budgets (docs/budgets.md)
.PHONY: run demo build test check bench fuzz format deps clean env
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

bench:
	@tools/install_deps bench
	$(call build,release,voiceai)
	@tests/bench/run

fuzz:
	@tools/install_deps check
	$(call build,fuzz)
	@tests/fuzz/run $(FUZZ_SECONDS)

# .env.example is made from the settings table.
env: build
	@$(voiceai) config --env > .env.example

format:
	@git ls-files 'src/*.[ch]' 'tests/*.[ch]' | xargs clang-format -i

clean:
	rm -rf build
