#!/bin/sh
# mkma on the running machine. What follows the program's file is the program's own: qjs reads no option from it.

# qjs closes every possible descriptor whenever it starts a program, one by one.
ulimit -Sn 256 2>/dev/null

# What mounts the storage does so in a mount namespace of its own: the kernel releases it with the last process,
# whatever ends that.
case ${1-} in
persist)
  [ "$(id -u)" != 0 ] || exec unshare --mount --propagation slave qjs -m /usr/lib/mkma/mkma.js "$@"
  ;;
esac
exec qjs -m /usr/lib/mkma/mkma.js "$@"
