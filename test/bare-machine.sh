# shellcheck shell=sh
# What test/bare and test/packages share: a bare machine, which is a minimal Debian in a folder, and commands run in it. Sourced by
# POSIX sh, behind scripts/launch.sh; $here is the checkout. `inside` works on the machine that `bootstrap` made last.

# Every way out ends what runs and removes what was made. Mounts are in a namespace of their own and end with it.
scratch=
job=
stop=TERM
clean() {
  [ -z "$job" ] || kill -s "$stop" "$job" 2>/dev/null || :
  [ -z "$job" ] || wait "$job" || :
  [ -z "$launch_log" ] || rm -f "$launch_log"
  discard
}
trap clean EXIT

# Remove the machine.
discard() {
  [ -z "$scratch" ] || rm -rf --one-file-system "$scratch"
  scratch=
}

# Run in the background, which has no terminal: a signal ends it at once, not after it.
run() {
  "$@" </dev/null &
  job=$!
  wait "$job" && code=0 || code=$?
  job=
  return "$code"
}

# sources SUITE: apt's lines for it, from the mirrors that this host uses; none: Debian's own. The keyring is named, since what the
# host trusts without one may be unreadable: apt 2.6 then finds no key at all.
sources() {
  # shellcheck disable=SC2016 # apt-get(8) fills it in
  used=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | sort -u)
  main=$(printf '%s\n' "$used" | grep -m 1 '/debian/$') || main=http://deb.debian.org/debian/
  security=$(printf '%s\n' "$used" | grep -m 1 '/debian-security/$') || security=http://deb.debian.org/debian-security/
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s main\n' "$main $1" "$main $1-updates" "$security $1-security"
}

# Inside a mount and process namespace of its own: $1 is the bare machine, $2 the command, run in root's home folder, or in the clone
# of mkma that lies there.
# shellcheck disable=SC2016 # the inner shell fills in
ENTER='set -e
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
for file in /etc/resolv.conf /etc/hosts $BUNDLE; do
  [ ! -e "$file" ] || { touch "$1$file"; mount --bind "$file" "$1$file"; }
done
exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin $NPM chroot "$1" sh -c "cd /root; [ ! -d mkma ] || cd mkma; $2"'

# What a machine on this network is given: the certificates it trusts, and where npm finds its registry.
BUNDLE=/etc/ssl/certs/ca-certificates.crt
NPM="NODE_EXTRA_CA_CERTS=$BUNDLE npm_config_cafile=$BUNDLE"
if registry=$(npm config get registry 2>/dev/null); then NPM="$NPM npm_config_registry=$registry"; fi
export BUNDLE NPM

# inside COMMAND: in the bare machine.
inside() {
  # unshare(1) waits for its child whatever other signal comes; without it the kernel ends everything inside.
  stop=KILL
  run unshare --mount --pid --fork --kill-child sh -c "$ENTER" sh "$scratch/root" "$1"
}

# bootstrap SUITE PACKAGES: a machine with these packages, separated by commas, and what every Debian has.
bootstrap() {
  # shellcheck disable=SC2154 # of the caller
  mkdir -p "$here/.test"
  scratch=$(mktemp -d "$here/.test/bare-$1.XXXXXX")
  chmod 755 "$scratch"
  launch_say "$1: bootstrapping a bare machine"
  stop=TERM
  sources "$1" >"$scratch/sources.list"
  run mmdebstrap --quiet --mode=root --variant=minbase --include="$2" "$1" "$scratch/root" "$scratch/sources.list"
}
