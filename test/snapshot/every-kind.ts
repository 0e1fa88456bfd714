import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Makes one of every kind of file in a folder, as root. Names that are no UTF-8 come from printf's octals. */
const EVERY_KIND = String.raw`
set -e
umask 022
mkdir -p etc usr/bin var/lib data empty locked deep sub/one sub/two
echo 12 > etc/version
printf '' > etc/empty
head -c 65535 /dev/urandom > below-64k
head -c 65536 /dev/urandom > exactly-64k
head -c 3200000 /dev/urandom > large
chown 1000:1001 etc/version; chown 4294967294:100000 below-64k
chmod 0000 etc/empty; chmod 4755 large; chmod 2750 usr/bin; chmod 1777 data; chmod 6711 exactly-64k
touch -d '1965-03-04 05:06:07.25 UTC' etc/version
touch -d '2033-05-18 03:33:20.123456789 UTC' below-64k
ln large large-again; ln large sub/large-third; ln etc/version sub/version-too; ln etc/empty sub/empty-too
ln -s ../nowhere sub/dangling; ln -s 'a "quoted" <target> & more' quoted; ln -s "$(printf 't%.0s' $(seq 300))" long-target
touch -h -d '2020-02-02 02:02:02.5 UTC' sub/dangling; chown -h 7:8 sub/dangling
mknod null c 1 3; mknod loop b 7 300; mknod whiteout c 0 0; mkfifo -m 0620 pipe
touch "$(printf 'no utf-8 \377\376')" "$(printf 'line\nfeed')" 'quote"back\slash' '<&>' "$(printf '\303\244 \346\227\245')" "$(printf 'del\177')" ' ' '~'
touch "$(printf 'n%.0s' $(seq 250))"
d=deep; for i in 1 2 3 4 5; do d=$d/$(printf "level-$i-%.0s" $(seq 12)); mkdir $d; done; echo deep > $d/file
setfattr -n user.comment -v 'hello world' etc/version
setfattr -n 'user.a=b%c' -v 0x00ff0a etc/version
setfattr -n user.empty -v '' data
setcap cap_net_raw+ep usr/bin 2>/dev/null || true
cp /bin/true usr/bin/ping; setcap cap_net_raw+ep usr/bin/ping
setfacl -m u:www-data:r,u:4242:rwx,g:adm:x,g:77:r below-64k
setfacl -m u:12:rx,d:u:12:rwx,d:g::- data
setfattr -n user.for.all -v same sub/one sub/two
truncate -s 9M holes-only
truncate -s 200000000 sparse
printf start | dd of=sparse conv=notrunc status=none
head -c 300000 /dev/urandom | dd of=sparse bs=4096 seek=1000 conv=notrunc status=none
for at in 20000 20002 20004 20040 20100; do head -c 4096 /dev/urandom | dd of=sparse bs=4096 seek=$at conv=notrunc status=none; done
printf end | dd of=sparse bs=1 seek=199999997 conv=notrunc status=none
chmod 0700 locked; chown 100:100 locked
touch -d '2001-09-09 01:46:40 UTC' data sub/one .
touch -d '1999-12-31 23:59:59.999999999 UTC' sub
`;

/** What Proxmox VE gives to tar, both ways (pve-container, PVE/LXC/Create.pm). */
export const PROXMOX_TAR_FLAGS = [
  '--sparse',
  '--numeric-owner',
  '--acls',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--warning=no-file-ignored',
  '--warning=no-xattr-write',
];

export async function makeEveryKind(folder: string): Promise<void> {
  await run('bash', ['-c', EVERY_KIND], { cwd: folder });
}
