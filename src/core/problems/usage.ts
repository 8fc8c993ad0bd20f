/** Problems with the command line: options, arguments, and what a command needs before it starts. */
export const USAGE = {
  'no-command': ['No command was given.', 'Use one that mkma --help lists.'],
  'unknown-command': ['There is no such command.', 'Use one that mkma --help lists.'],
  'unknown-option': ['The command has no such option.', 'Use one that mkma COMMAND --help lists.'],
  'option-removed': [
    'The option was removed in this or an earlier version.',
    'Leave it out; the message gives the reason.',
  ],
  'arguments-invalid': [
    'A value is missing or invalid, or there are too many arguments.',
    'Check it against mkma COMMAND --help.',
  ],
  'merge-needs-two': ['Merging takes at least two layers.', 'Name a range: mkma layers merge FROM..TO.'],
  'merge-range-reversed': [
    'A range of layers begins above its end.',
    'Name the lower layer first, as mkma layers list shows them.',
  ],
  'exclusive-options': [
    'Two options exclude each other, or an option does not apply together with another.',
    'Leave out one of them, as the message suggests.',
  ],
  'not-confirmed': ['Nobody confirmed that something may be removed.', 'Answer yes, or add --yes.'],
  'option-incomplete': ['An option requires another one.', 'Add the option that the message names.'],
  'needs-root': ['The command requires root.', 'Run it with sudo.'],
  'terminal-missing': [
    'The command requires a terminal, and standard input is not one.',
    'Run it in a terminal, or use mkma test.',
  ],
  'program-missing': [
    'A program that mkma runs is not installed.',
    'Install the package that the message names; on the host, sudo mkma doctor --install installs all of them.',
  ],
  'program-failed': [
    'A program that mkma ran exited with an error.',
    'Read its output in the message; run it by hand with the printed command line.',
  ],
  'program-timed-out': ['A program did not end in time.', 'Run it by hand with the printed command line.'],
  'program-ended-by-signal': [
    'A program was ended by a signal.',
    'Run it by hand with the printed command line; after SIGKILL, dmesg shows whether memory ran out.',
  ],
  'no-such-folder': [
    'A folder that an option names, or that of a new file, does not exist.',
    'Correct the path, or create the folder.',
  ],
  'device-invalid': [
    'The value of --storage-device is not a device.',
    'Use UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path below /dev; blkid prints them.',
  ],
  'images-path-invalid': [
    '--images-path is not absolute, or contains characters that a boot loader cannot pass on.',
    'Give an absolute path within the file system, such as /srv/images, without quotes or backslashes.',
  ],
  'parameters-invalid': [
    '--append contains characters that a boot loader cannot pass to the kernel.',
    'Remove single quotes and backslashes; put values with spaces in double quotes.',
  ],
  'command-line-too-long': [
    'The kernel command line is longer than the kernel accepts.',
    'Shorten it by the number of bytes that the message names.',
  ],
  'level-invalid': ['--level is not a zstd level.', 'Use 1 to 19.'],
  'time-invalid': [
    '--max-freeze is not a number of seconds from 0 to 60.',
    'Use one such as 3s, 0.5s or 500ms.',
  ],
  'label-invalid': [
    '--name cannot be part of the name of a layer.',
    'Use at most 64 letters, digits, dots, - and _, starting with a letter or digit.',
  ],
  'pattern-invalid': [
    'A pattern of --select or --deselect is empty, or can never match.',
    'Use a pattern of gitignore(5); put a backslash before a leading ! or #.',
  ],
  'path-invalid': [
    'The argument is not a path on the machine.',
    'Give an absolute path, such as /etc/hosts.',
  ],
  interrupted: ['The command was interrupted.', 'Run it again; nothing incomplete was left behind.'],
  'ended-by-signal': ['mkma was ended by a signal.', 'Run the command again.'],
  bug: ['mkma has a bug.', 'Report it, with the command and its output.'],
} as const;
