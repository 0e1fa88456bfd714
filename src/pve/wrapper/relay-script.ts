/**
 * `relay SECONDS` passes an archive that comes by `sendArchive` from stdin to stdout. It is Perl, which every Debian has and
 * all tools of Proxmox VE are written in: a shell needs several processes for each frame, which took half of a restore's time.
 *
 * It waits for both sides at once, and so knows for which. The client may be silent for so many seconds while there is room for
 * more; a client that waits because the tool reads nothing is not (qmrestore reads nothing while it allocates disks).
 *
 * | ends with | after                                                                  |
 * | 0         | the end mark, all passed on                                            |
 * | 1         | the end of stdin before it, or what is no frame                        |
 * | 2         | a write that failed: nobody reads any longer, or, as it then says, the disk is full |
 * | 3         | the client's silence                                                   |
 *
 * A fifo is made as large as root may (F_SETPIPE_SZ): each time one is full or empty, two processes take turns. The text stands in
 * single quotes, so it has none.
 */
export const relay = String.raw`relay() {
  exec perl -e '
    use strict;
    my $silence = shift;
    my $room = 1 << 20;
    fcntl(STDOUT, 1031, $room);
    fcntl(STDOUT, 4, fcntl(STDOUT, 3, 0) | 2048);
    my ($in, $out) = (\my $one, \my $two);
    $$in = $$out = "";
    my ($given, $frame, $line, $ended) = (0, 0, "", 0);
    my $idle = 0;
    for (;;) {
      if ($given == length $$out) {
        ($in, $out, $given) = ($out, $in, 0);
        $$in = "";
      }
      my $giving = length $$out > 0;
      exit 0 if $ended && !$giving;
      my $taking = !$ended && length $$in < $room;
      $idle = 0 if !$taking;
      exit 3 if $idle >= $silence;
      my ($readable, $writable) = ("", "");
      vec($readable, 0, 1) = $taking;
      vec($writable, 1, 1) = $giving;
      my $ready = select($readable, $writable, undef, $taking ? 1 : undef);
      $idle++ if $ready == 0;
      next if $ready < 1;
      if ($taking && vec($readable, 0, 1)) {
        my $free = $room - length $$in;
        my $got = $frame == 0
          ? sysread(STDIN, my $byte, 1)
          : sysread(STDIN, $$in, $frame < $free ? $frame : $free, length $$in);
        next if !defined $got && $!{EAGAIN};
        exit 1 if !$got;
        $idle = 0;
        if ($frame > 0) { $frame -= $got }
        elsif ($byte ne "\n") {
          $line .= $byte;
          exit 1 if $line !~ /^[0-9]{1,9}$/;
        }
        else {
          $ended = $line eq "0";
          $frame = $line || 0;
          $line = "";
        }
      }
      if ($giving && vec($writable, 1, 1)) {
        my $put = syswrite(STDOUT, $$out, length($$out) - $given, $given);
        if (defined $put) { $given += $put }
        elsif (!$!{EAGAIN}) {
          print STDERR "$!\n" if !$!{EPIPE};
          exit 2;
        }
      }
    }' "$1"
}`;

/** Says of the status `$code` of a relay why it gave up, for which `$silence` is its argument. */
export const relayWords = `case $code in
  1) echo 'the archive ended before its end mark' ;;
  3) echo "pvebak was not heard for $silence s" ;;
esac`;
