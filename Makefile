# SPDX-License-Identifier: Apache-2.0
# Every target calls a script that can be run on its own. `make` alone lists them.

PREFIX ?= /usr/local
SHELL := bash

.DEFAULT_GOAL := help
.PHONY: help bootstrap build release check test test-unit test-interop demo bench reference format install clean

help:           ## show this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

bootstrap:      ## install what building and testing need and this machine lacks
	@scripts/bootstrap

demo:           ## the newcomer's tour: lock, fetch, drift, update and roll back a real model
	@scripts/demo

build:          ## debug build
	@. scripts/common.sh && need_swift && "$$SWIFT" build --product weighlock "$${BUILD_FLAGS[@]}"

release:        ## optimised, self-contained, stripped; prints where it is
	@scripts/release

check:          ## before proposing a change: format, imports, build, Swift tests, reference
	@scripts/check

test:           ## everything, from a clean clone: installs what is missing, all tests, real clients
	@scripts/test

test-unit:      ## the Swift tests
	@scripts/test-unit

test-interop:   ## the real Python clients against the program
	@scripts/test-interop

bench:          ## the benchmarks; see Benchmarks/README.md
	@scripts/bench

reference:      ## write docs/reference and docs/man from the program's own declarations
	@scripts/reference

format:         ## rewrite the Swift files in the house layout
	@scripts/lint --fix

install:        ## program, man pages and completions into PREFIX (/usr/local)
	@scripts/install "$(PREFIX)"

clean:          ## remove what was built, and the Python environments
	rm -rf .build .venv
