#!/bin/sh
# /init: mounts the basics, runs the program that loads the system into RAM, and becomes the real init.
# On failure it opens a shell; exiting that starts again from here.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /dev /proc /sys /run /tmp
mount -t devtmpfs -o nosuid,mode=0755 dev /dev
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sys /sys
# With systemd's options, since it becomes the running machine's /run.
mount -t tmpfs -o nosuid,nodev,mode=0755,size=20%,nr_inodes=800k,strictatime run /run
exec </dev/console >/dev/console 2>&1

# panic=N with N other than 0: an unattended machine restarts by itself.
reboot_if_asked() {
	[ -r /proc/cmdline ] || return
	panic=0
	# shellcheck disable=SC2013 # it is about words
	for word in $(cat /proc/cmdline); do
		case $word in panic=*) panic=${word#panic=} ;; esac
	done
	case $panic in
	-*) panic=0 ;;
	*[!0-9]* | '' | 0) return ;;
	esac
	echo "mkma: rebooting in $panic seconds, as panic= on the kernel command line requests"
	sleep "$panic"
	reboot -f
}

# Past a root shell there is no login: on a machine with encrypted storage one opens only if mkma_break=
# requests it, or if the definition allows it (initramfs.encryptedShell).
shell_allowed() {
	[ ! -e /mkma/shell-allowed ] || return 0
	[ -r /proc/cmdline ] || return 0
	encrypted=
	# shellcheck disable=SC2013 # it is about words
	for word in $(cat /proc/cmdline); do
		case $word in mkma_break=*) return 0 ;; mkma_luks=* | \"mkma_luks=*) encrypted=1 ;; esac
	done
	[ -z "$encrypted" ]
}

while :; do
	rm -f /mkma/handover
	qjs -m /mkma/init.js
	code=$?
	if [ $code = 0 ]; then
		# If switch_root fails it ends this process, and the kernel reports that: nothing after exec is reached.
		{ read -r root && read -r init; } </mkma/handover && exec switch_root "$root" "$init" "$@"
	elif [ $code != 10 ]; then
		# 10: the program has reported the failure. Others (1 from qjs, 127 from this shell) were not reported.
		echo "mkma: BOOT FAILED in phase start"
		echo "mkma: qjs could not run /mkma/init.js (exit code $code)"
		echo "mkma:   next: run it by hand: qjs -m /mkma/init.js; if it cannot start, build the initramfs again"
	fi
	reboot_if_asked
	if ! shell_allowed; then
		echo "mkma: no shell opens, since the storage is encrypted; mkma_break=mount in the boot loader requests one."
		echo "mkma: the next try is in 30 seconds; Ctrl-Alt-Del restarts the machine."
		sleep 30
		continue
	fi
	echo "mkma: this shell has the tools of the initramfs; see dmesg, blkid, lsmod, cat /proc/cmdline."
	echo "mkma: exit retries from the start; reboot -f restarts the machine."
	# cttyhack makes the console its terminal, for job control and Ctrl-C. That takes a session, hence setsid.
	setsid cttyhack sh
	sleep 1
done
