#!/bin/sh
# The checks of `mkma test`, run as root inside the machine. Every line it prints is a result:
# "ok NAME - DETAIL" or "not ok NAME - DETAIL", and "end" as the last one. src/host/qemu/protocol.ts reads
# them. src/host/qemu/test-script.ts prepends SERVICES (units that must be active), ENABLED (units that the
# definition enables) and LIMIT (seconds to wait for the boot), and appends what follows the checks.
# shellcheck disable=SC2012 # the output of ls is for people, and the names are mkma's and the kernel's
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

# check NAME FUNCTION: the function's exit code is the verdict, its output the detail.
check() {
  if detail=$($2 2>&1); then verdict=ok; else verdict='not ok'; fi
  printf '%s %s - %s\n' "$verdict" "$1" "$(printf '%s' "$detail" | tr '\r\n\t' '   ')"
}

# The value of a kernel parameter: the last occurrence wins.
parameter() { tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | tail -n 1; }

running() {
  state=$(timeout "$LIMIT" systemctl is-system-running --wait)
  code=$?
  echo "$state after $(cut -d. -f1 /proc/uptime) s"
  [ $code -eq 124 ] && systemctl list-jobs --no-legend --plain
  [ "$state" = running ]
}

no_failed_unit() {
  failed=$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)
  [ -z "$failed" ] && echo none && return
  for unit in $failed; do
    echo "$unit: $(journalctl -b -n 5 -o cat -u "$unit" 2>&1)"
  done
  return 1
}

services() {
  bad=
  for unit in $SERVICES; do
    state=$(systemctl is-active "$unit") || has_screen "$unit" || no_console "$unit" || bad="$bad $unit is $state;"
  done
  for unit in $ENABLED; do
    state=$(systemctl is-active "$unit") || excused "$unit" || bad="$bad $unit is $state;"
  done
  echo "${bad:-$SERVICES${ENABLED:+ $ENABLED}}"
  [ -z "$bad" ]
}

# A display manager may have the terminal instead.
has_screen() {
  [ "$1" = getty@tty1.service ] && systemctl is-active --quiet display-manager.service
}

# A serial port has a login if the kernel has its console there: a medium's own command line decides.
no_console() {
  port=${1#serial-getty@}
  [ "$port" != "$1" ] && ! grep -qw "${port%.service}" /sys/class/tty/console/active
}

# Whether an enabled service may be inactive: it has finished, its conditions are not met here, or nothing has
# started it (it may be for suspending).
excused() {
  if [ "$(property Type "$1")" = oneshot ] && [ "$(property Result "$1")" = success ]; then
    [ "$(property InactiveExitTimestampMonotonic "$1")" != 0 ] && return
  fi
  if [ "$(property ConditionResult "$1")" = no ] && [ "$(property ConditionTimestampMonotonic "$1")" != 0 ]; then return; fi
  for by in $(property WantedBy "$1") $(property RequiredBy "$1"); do
    if systemctl is-active --quiet "$by"; then return 1; fi
  done
  return 0
}

property() {
  systemctl show --value --property "$1" "$2"
}

root_is_overlay() {
  type=$(findmnt -no FSTYPE /)
  echo "/ is $type"
  [ "$type" = overlay ]
}

# A file written to / must appear in the upper directory, which is on a tmpfs.
upper_in_ram() {
  type=$(findmnt -no FSTYPE -T /overlay/fresh)
  file=var/tmp/mkma-test.$$
  echo upper >"/$file"
  seen=$(cat "/overlay/fresh/$file")
  rm -f "/$file"
  echo "/overlay/fresh is on $type; a file written to / is in it: ${seen:-no}"
  [ "$type" = tmpfs ] && [ "$seen" = upper ]
}

# The last 48 bits of an inode number, in hexadecimal: above them overlay (xino=on) encodes the file system.
own_number() { env printf '%016x' "$1" | cut -c 5-; }

# An unchanged file keeps its lower inode's number in the merged view (overlayfs.rst, "Inode properties"). An
# EROFS is in RAM if no device is mounted, which another check covers.
lower_in_ram() {
  type=$(findmnt -no FSTYPE -T /overlay/base)
  merged=$(stat -c %i /usr/bin/env)
  lower=$(stat -c %i /overlay/base/usr/bin/env)
  echo "/overlay/base is on $type; /usr/bin/env is inode $merged, in the base $lower"
  case $type in tmpfs | erofs) ;; *) return 1 ;; esac
  [ "$(own_number "$merged")" = "$(own_number "$lower")" ]
}

# Mount points and swap of the definition's own disks, as in fstab(5).
own_disks() { grep -v -e '^#' -e '^tmpfs ' /overlay/base/etc/fstab 2>/dev/null; }

no_device_mounted() {
  own=$(own_disks | cut -d' ' -f2 | tr '\n' ' ')
  mounts=$(cat /proc/[0-9]*/mounts 2>/dev/null | grep "^/dev/" | sort -u | while read -r device point rest; do
    case " $own" in *" $point "*) ;; *) echo "$device $point $rest" ;; esac
  done | head -n 5)
  swaps=$(sed -e 1d -e '\,^/dev/zram,d' /proc/swaps) # zram is RAM
  if own_disks | grep -q '^[^ ]* none swap '; then swaps=; fi
  echo "${mounts:-no mount from a device}; ${swaps:-no swap}${own:+, except for disks of the definition}"
  [ -z "$mounts$swaps" ]
}

storage_released() {
  name=$(parameter mkma_storage_device)
  encrypted=$(parameter mkma_luks)
  [ -z "$encrypted" ] || name=UUID=$encrypted
  case $name in
    /*) device=$name ;;
    *) device=$(blkid --list-one --output device --match-token "$name") ;;
  esac
  [ -b "$device" ] || { echo "no device $name"; return 1; }
  opens_exclusively "$device" && echo "$device can be opened exclusively"
}

# Rereading the partition table claims a disk exclusively (kernel: disk_scan_partitions): EBUSY while
# anything, in whatever namespace, holds it. Partitions and discs have no table: for these, open(2) with
# O_EXCL does it.
opens_exclusively() {
  if [ -e "/sys/class/block/${1##*/}/partition" ] || [ "${1#/dev/sr}" != "$1" ]; then
    perl -e 'use Fcntl; sysopen(my $d, $ARGV[0], O_RDONLY | O_EXCL | O_NONBLOCK) or die "$ARGV[0]: $!\n"' "$1"
  else
    blockdev --rereadpt "$1"
  fi
}

overlay_view() {
  options=$(findmnt -no OPTIONS /overlay)
  mode=$(stat -c '%a %U' /overlay)
  echo "/overlay: $options; $mode; $(ls /overlay | tr '\n' ' ')"
  for wanted in ro nosuid nodev; do
    case ",$options," in *",$wanted,"*) ;; *) return 1 ;; esac
  done
  [ "$mode" = '700 root' ] && [ -d /overlay/base ] && [ -d /overlay/fresh ]
}

# Ports that other hosts reach, in hexadecimal: those on anything but loopback addresses. State 0A is LISTEN,
# 07 an unconnected UDP socket.
open_ports() {
  cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null |
    awk '($4 == "0A" || $4 == "07") && $2 !~ /^[0-9A-F]*7F:/ && $2 !~ /^00000000000000000000000001000000:/ { sub(/.*:/, "", $2); print $2 }' | sort -u
}

# The ports of the definition, and those of DHCP clients, which only accept their server (68 and 546).
expected_listeners() {
  said=" 68 546 $(tr '\n' ' ' 2>/dev/null </overlay/base/usr/lib/mkma/listen) "
  heard='' others=''
  for port in $(open_ports); do
    port=$((0x$port))
    case $said in *" $port "*) heard="$heard $port" ;; *) others="$others $port" ;; esac
  done
  [ -z "$others" ] || { echo "ports$others are not in the definition (listen)"; return 1; }
  echo "${heard:-none}" | sed "s,^ ,,"
}

no_open_account() {
  field=$(sed -n 's/^root:\([^:]*\):.*/\1/p' /etc/shadow)
  empty=$(sed -n 's/^\([^:]*\)::.*/\1/p' /etc/shadow)
  case $field in '!'* | '*'*) root=locked ;; '') root=empty ;; *) root='set' ;; esac
  echo "root's password: $root; accounts with an empty one: ${empty:-none}"
  [ -z "$empty" ] || [ -z "$(open_ports)" ]
}

machine_id_empty() {
  file=/overlay/base/etc/machine-id
  [ -f $file ] || { echo "no $file"; return 1; }
  echo "$file has $(stat -c %s $file) bytes; this boot's is $(cat /etc/machine-id)"
  [ ! -s $file ]
}

clean_base() {
  cd /overlay/base || return 1
  left=$(find etc/ssh -name 'ssh_host_*' 2>/dev/null
    find var/lib/apt/lists -type f ! -name lock 2>/dev/null
    find var/cache/apt -type f ! -name lock 2>/dev/null
    find boot -name 'initrd*' 2>/dev/null
    find . -maxdepth 1 -name 'initrd.img*' 2>/dev/null)
  echo "${left:-no host keys, package lists, package caches, initrd}" | head -n 5
  [ -z "$left" ]
}

modules_match() {
  release=$(uname -r)
  echo "kernel $release; modules: $(ls /usr/lib/modules | tr '\n' ' ')"
  [ -s "/usr/lib/modules/$release/modules.dep" ]
}

# What was loaded, as the machine itself reports it.
mkma_status() {
  told=$(mkma status --json) || { echo "$told"; return 1; }
  verified=$(printf '%s\n' "$told" | sed -n '/^  "base": {/,/^  }/s/^ *"verified": \([a-z]*\).*/\1/p')
  echo "base verified: ${verified:-unknown}"
  [ "$verified" = true ]
}

check 'system is running' running
check 'no failed unit' no_failed_unit
check 'expected services' services
check 'root is an overlay' root_is_overlay
check 'upper directory in RAM' upper_in_ram
check 'lower directory in RAM' lower_in_ram
check 'no device mounted' no_device_mounted
check 'storage released' storage_released
check 'overlay view' overlay_view
check 'network listeners' expected_listeners
check 'no open account' no_open_account
check 'machine-id empty in the base' machine_id_empty
check 'nothing of the build in the base' clean_base
check 'modules match the kernel' modules_match
check 'mkma status answers' mkma_status
echo "boot $(mkma status --boot --json | tr -d '\n')"
echo end
