// A call to the desktop portal, as a program makes it, in Perl, which every Debian has. It stays on the bus
// until the answer (org.freedesktop.portal.Request) arrives, and prints its readable part. Options are empty
// (a{sv}). usage: perl portal.pl INTERFACE METHOD SIGNATURE STRINGS...
export const portal = String.raw`use strict;
use warnings;
use IO::Socket::UNIX;

my ($interface, $method, $signature, @strings) = @ARGV;
my $bus = IO::Socket::UNIX->new(Peer => "$ENV{XDG_RUNTIME_DIR}/bus") or die "no bus: $!";
$bus->autoflush(1);
# D-Bus Specification: authentication, then messages in little-endian order.
print $bus "\0AUTH EXTERNAL ", unpack('H*', $<), "\r\n";
readline $bus;
print $bus "BEGIN\r\n";

sub pad { my ($to, $bytes) = @_; return $bytes . "\0" x (-length($bytes) % $to) }
sub with_string { my ($bytes, $text) = @_; return pad(4, $bytes) . pack('V/a*x', $text) }

my $serial = 0;
sub call {
  my ($to, $path, $name, $member, $types, $body) = @_;
  my $fields = '';
  for ([1, 'o', $path], [2, 's', $name], [3, 's', $member], [6, 's', $to], [8, 'g', $types]) {
    my ($code, $type, $value) = @$_;
    next if $value eq '';
    $fields = pad(8, $fields) . pack('CCaC', $code, 1, $type, 0);
    $fields = $type eq 'g' ? $fields . pack('C/a*x', $value) : with_string($fields, $value);
  }
  my $head = pack('aCCCVVV', 'l', 1, 0, 1, length $body, ++$serial, length $fields) . $fields;
  print $bus pad(8, $head), $body;
}

call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello', '', '');
my $body = '';
$body = with_string($body, $_) for @strings;
$body = pad(8, pad(4, $body) . pack('V', 0));
call('org.freedesktop.portal.Desktop', '/org/freedesktop/portal/desktop', $interface, $method, $signature, $body);
$| = 1;
while (sysread $bus, my $bytes, 65_536) {
  my $text = $bytes =~ s/[^\x20-\x7e]+/ /gr;
  print "$text\n";
  exit 0 if $text =~ /Response/;
}
die "the bus has closed\n";
`;
