# Commands of raysim; `make` alone lists them. CMake does the work (CMakePresets.json).

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
SCENARIO ?= scenarios/pi_60core.yaml
FUZZ_SECONDS ?= 600

# In CI warnings are errors. Both presets build into build/release.
PRESET := $(if $(filter-out false 0,$(CI)),ci,release)
CONFIGURED := build/release/configured_as_$(PRESET)
SOURCES = $(shell find include sim models platforms scenarios conformance analysis cli examples tests -name '*.cpp' -o -name '*.hpp')

.DEFAULT_GOAL := help
.PHONY: help run test build binary dependencies developer_dependencies bench format tidy asan debug fuzz docs install clean

help:  ## This list
	@echo "raysim: make TARGET"
	@sed -n 's/^\([a-z_]*\):.*##  *\(.*\)/  \1\t\2/p' Makefile | expand -t 12

run: binary  ## Install what is missing, build, run SCENARIO (scenarios/pi_60core.yaml)
	build/release/raysim run $(SCENARIO)

test: build  ## Install what is missing, build, run all tests
	@ctest --preset $(PRESET) --parallel $(JOBS)

build: $(CONFIGURED)  ## Install what is missing, build all: build/release/raysim
	@cmake --build build/release --parallel $(JOBS)

binary: $(CONFIGURED)
	@cmake --build build/release --parallel $(JOBS) --target raysim

# Ninja configures again by itself when a CMakeLists.txt changes; this is for the first time and a change of preset.
$(CONFIGURED): CMakePresets.json | dependencies
	cmake --preset $(PRESET)
	@rm -f build/release/configured_as_*
	@touch $@

dependencies:
	@tools/install_dependencies.sh

developer_dependencies:
	@tools/install_dependencies.sh developer

asan: dependencies  ## Build and test with AddressSanitizer and UndefinedBehaviorSanitizer (build/asan)
	cmake --preset asan
	cmake --build build/asan --parallel $(JOBS)
	ctest --preset asan --parallel $(JOBS)

debug: dependencies  ## Build and test with assertions (build/debug)
	cmake --preset debug
	cmake --build build/debug --parallel $(JOBS)
	ctest --preset debug --parallel $(JOBS)

bench: build  ## Measure the speed: Google Benchmark, then whole runs
	build/release/raysim_bench --benchmark_filter='^(event_queue|messages|hybrid|flows)/'
	tests/speed/speed.py build/release

fuzz: developer_dependencies  ## Fuzz the loaders for FUZZ_SECONDS (600) with libFuzzer (build/fuzz)
	cmake --preset fuzz
	cmake --build build/fuzz --parallel $(JOBS) --target raysim_fuzz
	@mkdir -p build/fuzz/corpus
	build/fuzz/raysim_fuzz -max_total_time=$(FUZZ_SECONDS) -dict=tests/fuzz/load.dict build/fuzz/corpus scenarios platforms tests/bad_input

format: developer_dependencies  ## Format all C++ files
	clang-format-14 -i $(SOURCES)

tidy: developer_dependencies  ## House rules over all files, clang-tidy over the files changed since the last time
	python3 tests/tidy/tidy.py
	cmake --preset tidy
	cmake --build build/tidy --parallel $(JOBS)

docs: binary  ## Write the generated pages of docs/ anew
	python3 tools/write_docs.py build/release/raysim

install: build  ## Install under PREFIX (/usr/local); DESTDIR is respected
	cmake --install build/release --prefix $(PREFIX)

clean:  ## Remove build/
	rm -rf build
