#!/bin/sh
# mkma on the running machine. Arguments after the program's file are the program's: qjs does not parse them.

# mkma runs programs from Debian's default path, whatever path its caller has (su without a dash: one without
# sbin). The caller's own is for the editor.
MKMA_CALLERS_PATH=${PATH-}
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export MKMA_CALLERS_PATH PATH

# Whenever qjs starts a program it closes every possible descriptor, one by one.
# shellcheck disable=SC3045 # Debian's sh (dash) has it, and another one goes on without
ulimit -Sn 256 2>/dev/null

# --no-unhandled-rejection: otherwise the engine ends the program if a promise is rejected before anything
# waits for it, even if something does later, as in the command line parser. Others are reported anyway.
set -- --no-unhandled-rejection -m /usr/lib/mkma/mkma.js "$@"

# Commands that mount the storage do so in a mount namespace of their own: the kernel releases it with the
# last process, however that ends.
case "${4-} $*" in
persist* | layers* | generations* | revert* | status*" --unsaved"*)
  [ "$(id -u)" != 0 ] || exec unshare --mount --propagation slave qjs "$@"
  ;;
esac
exec qjs "$@"
