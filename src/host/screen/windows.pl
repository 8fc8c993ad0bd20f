# Lists the windows of a Wayland compositor with wlr-foreign-toplevel-management-unstable-v1: one a line, app id
# and title separated by a tab. Runs on perl-base, which every Debian has. usage: windows.pl SOCKET
use strict;
use warnings;
use Socket;

socket(my $to, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
connect($to, sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!\n";

# A request or event: object, size in bytes and opcode in one word, arguments (Wayland's wire format,
# wayland.freedesktop.org).
sub request {
  my ($object, $opcode, $arguments) = @_;
  syswrite $to, pack('L L', $object, (8 + length $arguments) << 16 | $opcode) . $arguments;
}
sub text {
  my ($words) = @_;
  my $bytes = "$words\0";
  return pack('L', length $bytes) . $bytes . "\0" x (-length($bytes) % 4);
}

my ($display, $registry, $done, $manager) = (1, 2, 3, 4);
my ($bound, $rounds, %windows) = (0, 0);
request($display, 1, pack('L', $registry));
request($display, 0, pack('L', $done));

my $buffer = '';
while (1) {
  while (length $buffer < 8 || length $buffer < (unpack('L', substr($buffer, 4, 4)) >> 16)) {
    sysread($to, $buffer, 65536, length $buffer) or die "the compositor closed the connection\n";
  }
  my ($object, $word) = unpack 'L L', $buffer;
  my ($size, $opcode) = ($word >> 16, $word & 0xffff);
  my $arguments = substr $buffer, 8, $size - 8;
  substr($buffer, 0, $size) = '';

  if ($object == $registry && $opcode == 0) {
    my ($name, $length) = unpack 'L L', $arguments;
    my $interface = substr $arguments, 8, $length - 1;
    next if $interface ne 'zwlr_foreign_toplevel_manager_v1';
    request($registry, 0, pack('L', $name) . text($interface) . pack('L L', 1, $manager));
    $bound = 1;
  } elsif ($object == $done) {
    die "the compositor does not list its windows\n" if !$bound;
    # What was bound in the first round has listed its windows in the second.
    last if ++$rounds == 2;
    $done = 5;
    request($display, 0, pack('L', $done));
  } elsif ($bound && $object == $manager && $opcode == 0) {
    $windows{unpack 'L', $arguments} = ['', ''];
  } elsif (exists $windows{$object} && $opcode < 2) {
    $windows{$object}[1 - $opcode] = substr $arguments, 4, unpack('L', $arguments) - 1;
  } elsif (exists $windows{$object} && $opcode == 6) {
    delete $windows{$object};
  } elsif ($object == $display && $opcode == 0) {
    die "the compositor refused a request\n";
  }
}
binmode STDOUT;
print join("\t", map { s/[\t\n]/ /gr } @$_), "\n" for sort { $a->[0] cmp $b->[0] } values %windows;
