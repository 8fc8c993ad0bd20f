# The agent of `mkma test`, as root inside the machine: runs the commands of the definition's tests. Requests
# are lines on PORT: "ID run COMMAND", "ID kill", "ID reboot", "ID poweroff". A reply is one line:
# "mkma-test: ID CODE STDOUT STDERR", the outputs in base64, - for nothing. The other side is
# src/host/machine-tests/protocol.ts: it sends one command at a time. Builtins are used where possible, since
# an emulated machine takes long to start a program.
# shellcheck shell=sh
export HOME=/root USER=root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset LC_ALL
own=/run/mkma-test
# shellcheck disable=SC2174 # /run exists
mkdir -p -m 700 $own
cd /

encoded() { if [ -s "$1" ]; then base64 -w 0 "$1"; else printf %s -; fi; }

# run ID COMMAND: in a session of its own, whose leader is recorded, so that everything it started can be
# killed.
run() {
  setsid sh -c "$(printf %b "$2")" </dev/null >$own/stdout 2>$own/stderr 3<&- &
  echo $! >$own/leader
  wait $!
  code=$?
  printf '\nmkma-test: %s %s ' "$1" $code
  encoded $own/stdout
  printf ' '
  encoded $own/stderr
  echo
}

exec 3<>"$PORT" >&3
stty raw -echo <&3
printf '\nmkma-test: ready\n'
while read -r id verb argument <&3; do
  case $verb in
  run)
    : >$own/leader
    run "$id" "$argument" &
    ;;
  kill)
    leader=
    read -r leader <$own/leader
    # -s: dash misreads "kill -KILL -- -1".
    [ -z "$leader" ] || kill -s KILL -- "-$leader" 2>/dev/null
    ;;
  reboot | poweroff) systemctl "$verb" ;;
  esac
done
