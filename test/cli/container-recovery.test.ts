import { describe, expect, it } from 'vitest';
import { containerRecovery } from '../../src/cli/container-recovery.ts';
import { parseVmid } from '../../src/pve/guest.ts';
import { parseGuestConfig } from '../../src/pve/guest-config.ts';
import { shellLine } from '../../src/transport/shell-line.ts';

const GIB = 2 ** 30;

function recovery(lines: readonly string[], archiveBytes = GIB) {
  const vmid = parseVmid(105);
  if (vmid === undefined) throw new Error('105 is a vmid');
  const { argv, remarks } = containerRecovery(vmid, parseGuestConfig('lxc', lines.join('\n')), archiveBytes);
  return { line: shellLine(argv), remarks };
}

describe('a container from a pipe', () => {
  it('is told storage, size and privileges, which it does not learn from the archive', () => {
    expect(recovery(['rootfs: local-lvm:vm-105-disk-0,size=8G', 'unprivileged: 1'])).toEqual({
      line: 'pct restore 105 - --rootfs local-lvm:8 --unprivileged 1',
      remarks: [],
    });
  });

  it('is told the mount points that were dumped, with their options', () => {
    const { line } = recovery([
      'rootfs: local:105/vm-105-disk-0.raw,size=4G',
      'mp0: local:105/vm-105-disk-1.raw,mp=/srv,backup=1,size=32G,acl=1',
    ]);
    expect(line).toBe(
      'pct restore 105 - --rootfs local:4 --mp0 local:32,mp=/srv,backup=1,acl=1 --unprivileged 0',
    );
  });

  it.each([
    ['size=0T', '0'],
    ['size=512M', '0.5'],
    ['size=1025M', '1.001'],
    ['size=31458K', '0.031'],
    ['size=33450K', '0.033'],
    ['size=2T', '2048'],
    ['quota=1,size=8G', '8,quota=1'],
  ])('gets a root file system of %s as %s GiB', (size, gib) => {
    expect(recovery([`rootfs: tank:subvol-105-disk-0,${size}`]).line).toContain(`--rootfs tank:${gib} `);
  });

  it.each([
    [0, 8],
    [6.4 * GIB, 8],
    [100 * GIB, 125],
  ])('whose size is not known gets room for an archive of %d bytes: %d GiB, and is said to', (bytes, gib) => {
    expect(recovery(['rootfs: tank:subvol-105-disk-0'], bytes)).toEqual({
      line: `pct restore 105 - --rootfs tank:${gib} --unprivileged 0`,
      remarks: [{ kind: 'size-guessed', key: 'rootfs', gib }],
    });
  });

  it('without any root file system in its configuration gets one on local, and is said to', () => {
    const { line, remarks } = recovery(['hostname: git']);
    expect(line).toContain('--rootfs local:8 ');
    expect(remarks.map(({ kind }) => kind)).toEqual(['storage-guessed', 'size-guessed']);
  });

  it.each([
    ['a bind mount', '/srv/share,mp=/share', 'bind mount'],
    ['a device', '/dev/sdb1,mp=/share', 'device'],
  ])('does not get %s, and is said not to', (_, value, why) => {
    const { line, remarks } = recovery(['rootfs: tank:subvol-105-disk-0,size=8G', `mp3: ${value}`]);
    expect(line).not.toContain('--mp3');
    expect(remarks).toEqual([{ kind: 'left-out', key: 'mp3', path: '/share', why, value }]);
  });

  it('gets a volume that was not dumped empty, and is said to', () => {
    const { line, remarks } = recovery([
      'rootfs: tank:subvol-105-disk-0,size=8G',
      'mp3: tank:subvol-105-disk-1,mp=/share,size=4G',
    ]);
    expect(line).toContain('--mp3 tank:4,mp=/share ');
    expect(remarks).toEqual([{ kind: 'comes-back-empty', key: 'mp3', path: '/share' }]);
  });

  it('never gets a word of its configuration that a shell would act on', () => {
    const { line } = recovery([
      'rootfs: tank:subvol-105-disk-0,size=8G',
      "mp0: tank:subvol-105-disk-1,mp=/$(reboot)';reboot,backup=1,size=1G",
    ]);
    expect(line).toContain(`--mp0 'tank:1,mp=/$(reboot)'\\'';reboot,backup=1' `);
  });
});
