#!/usr/bin/env bash
# Installs the Debian packages that raysim needs and this machine lacks; calls apt only then.
# Usage: install_dependencies.sh [developer]     developer: the formatter, the linter and clang too
# Each package and its reason: docs/dependencies.md
set -euo pipefail

packages=(libsimgrid-dev libfmt-dev libcli11-dev libyaml-cpp-dev libboost-dev libsqlite3-dev liblua5.4-dev doctest-dev
          libbenchmark-dev nlohmann-json3-dev pkg-config ninja-build ccache python3)
command -v c++ >/dev/null || packages+=(g++)
command -v cmake >/dev/null || packages+=(cmake)
if [[ ${1:-} == developer ]]; then
  packages+=(clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev)
fi

say() { echo "install_dependencies: $*" >&2; }

if [[ ${RAYSIM_DEPENDENCIES:-} == installed ]]; then
  exit 0
fi
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  say "not a Debian system: install what these Debian packages hold, then set RAYSIM_DEPENDENCIES=installed:" \
    "${packages[*]}"
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status} ' "$package" 2>/dev/null || true)
  [[ " $status" == *" installed "* ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

options=(--yes --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
by_hand="apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    say "packages are missing; as root: $by_hand"
    exit 1
  fi
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null >&2; }

say "installing ${missing[*]}"
# A fresh machine has no package lists, an old one has stale ones: both show in the first attempt.
if apt-get --simulate install "${missing[@]}" >/dev/null 2>&1 && apt install "${options[@]}" "${missing[@]}"; then
  exit 0
fi
if apt update && apt install "${options[@]}" "${missing[@]}"; then
  exit 0
fi
say "apt-get failed; as root: $by_hand"
exit 1
