#!/bin/sh
# mkma on the running machine. What follows the program's file is the program's own: qjs reads no option from it.

# The programs that mkma runs are where Debian has them, whatever path its caller has (su without a dash: one without sbin). The
# caller's own is for the editor.
MKMA_CALLERS_PATH=${PATH-}
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export MKMA_CALLERS_PATH PATH

# qjs closes every possible descriptor whenever it starts a program, one by one.
# shellcheck disable=SC3045 # Debian's sh (dash) has it, and another one goes on without
ulimit -Sn 256 2>/dev/null

# --no-unhandled-rejection: the engine ends the program where a promise is rejected before anything waits for it, though
# something does later, as the parser of the command line does. What nobody waits for is reported all the same.
set -- --no-unhandled-rejection -m /usr/lib/mkma/mkma.js "$@"

# What mounts the storage does so in a mount namespace of its own: the kernel releases it with the last process,
# whatever ends that.
case ${4-} in
persist | layers)
  [ "$(id -u)" != 0 ] || exec unshare --mount --propagation slave qjs "$@"
  ;;
esac
exec qjs "$@"
