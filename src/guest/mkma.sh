#!/bin/sh
# mkma on the running machine. What follows the program's file is the program's own: qjs reads no option from it.
exec qjs -m /usr/lib/mkma/mkma.js "$@"
