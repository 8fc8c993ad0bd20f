/** Problems with the command line: options, arguments, and what a command needs before it starts. */
export const USAGE = {
  'no-command': ['No command was given.', 'Name one of those that mkma --help lists.'],
  'unknown-command': ['There is no such command.', 'mkma --help lists the commands.'],
  'unknown-option': ['The command has no such option.', 'mkma COMMAND --help lists its options.'],
  'option-removed': [
    'The option of an earlier version no longer exists.',
    'Leave it out; the message gives the reason.',
  ],
  'arguments-invalid': [
    'An option or argument lacks its value, has one that it does not take, or is one too many.',
    'mkma COMMAND --help shows what the command takes.',
  ],
  'exclusive-options': [
    'Two options exclude each other, or an option does not apply to what another one asks for.',
    'Leave out one of them, as the message proposes.',
  ],
  'option-incomplete': [
    'An option needs another one beside it.',
    'Give the option that the message names too.',
  ],
  'needs-root': ['The command needs root.', 'Run it with sudo.'],
  'terminal-missing': [
    'The command needs a terminal, and its standard input is none.',
    'Run it in a terminal, or use the command for unattended use that the message names.',
  ],
  'program-missing': [
    'A program that mkma runs is not installed.',
    'Install the package that the message names; on the host, mkma doctor --install installs all of them.',
  ],
  'program-failed': [
    'A program that mkma ran ended with an error.',
    'Read its last words in the message, and run it by hand with the line that is printed.',
  ],
  'program-timed-out': ['A program did not end in time.', 'Run it by hand with the line that is printed.'],
  'program-ended-by-signal': [
    'A program was ended by a signal.',
    'Where it was SIGKILL, memory may have run out: dmesg shows it.',
  ],
  'no-such-folder': ['A folder named by an option does not exist.', 'Correct the path, or make the folder.'],
  'device-invalid': [
    '--storage-device names no device.',
    'Use UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path below /dev; blkid prints them.',
  ],
  'images-path-invalid': [
    '--images-path is no path that a boot loader can pass on.',
    'Give it from the top of the file system, without quotes and backslashes.',
  ],
  'parameters-invalid': [
    'Parameters in --append cannot be passed on by a boot loader.',
    'Leave out single quotes and backslashes; put values with spaces into double quotes.',
  ],
  'command-line-too-long': [
    'The kernel command line is longer than the kernel takes.',
    'Leave out as many bytes as the message names.',
  ],
  'level-invalid': ['The level is none of zstd.', 'Give one from 1 to 19.'],
  'label-invalid': ['The text cannot be part of the name of a layer.', 'Use letters, digits, - and _.'],
  'pattern-invalid': [
    'A pattern of --select or --deselect is empty, or can match nothing.',
    'Give a pattern as in .gitignore; put a backslash before a leading ! or #.',
  ],
  'path-invalid': ['The path is none on the machine.', 'Give it from the root, as in /etc/hosts.'],
  interrupted: ['The command was interrupted.', 'Run it again; nothing half-made is left.'],
  'ended-by-signal': ['mkma was ended by a signal.', 'Run the command again.'],
  bug: [
    'mkma has a bug: it met something that should be impossible.',
    'Report it, with the command and what it printed.',
  ],
} as const;
