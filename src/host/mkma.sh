#!/bin/sh
# mkma as npm and the Debian package install it. On a machine that mkma built, the verbs that look after the
# running system are those of the machine's own program (src/guest/mkma.sh), whose name in /usr/bin this file
# has taken.
set -eu

own=
case ${1-} in persist | status | revert | layers | generations) own=/usr/lib/mkma/mkma ;; esac
for word; do
  # These layers and generations lie in a folder of images. Only a host adds generations.
  case "$1 $word" in
  "layers -o"* | "layers --output" | "layers --output="*) own= ;;
  "generations -o"* | "generations --output" | "generations --output="* | "generations add") own= ;;
  esac
done
[ ! -x "$own" ] || exec "$own" "$@"

here=$(readlink -f -- "$0")
exec node "${here%/*}/start.cjs" "$@"
