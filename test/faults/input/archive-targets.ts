import { tmpdir } from 'node:os';
import { takeInContainer } from '../../../src/apply/take-in-container.ts';
import { takeInVm } from '../../../src/apply/take-in-vm.ts';
import { TreeParser } from '../../../src/repository/tree-parser.ts';
import { HashingSaver } from '../../../src/verify/hashing-saver.ts';
import { inPieces } from '../../formats/in-pieces.ts';
import { containerTar } from '../../formats/tar/tar-fixture.ts';
import { vmaFixture } from '../../formats/vma/vma-fixture.ts';
import { expectInside, type InputTarget } from './input-target.ts';

const VMAS = [
  'tiny.vma',
  'base.vma',
  'odd-size.vma.gz',
  'vm-109-two-disks.vma',
  'no-drives.vma',
  'big-config.vma',
];
const PIECE_BYTES = 70_001;

/** The two formats that guests come in, taken in as a backup does. */
export async function archiveTargets(): Promise<readonly InputTarget[]> {
  return [
    {
      name: 'VMA',
      form: 'bytes',
      seeds: await Promise.all(VMAS.map(vmaFixture)),
      read: (bytes) =>
        takeInVm(inPieces(bytes, PIECE_BYTES), {
          writer: new HashingSaver(),
          temporaryFolder: tmpdir(),
          chunkBytesOf: () => undefined,
          archiveIdentity: () => ({ uuid: new Uint8Array(16), ctime: 0 }),
          memoryBytes: 8 << 20,
        }),
    },
    {
      name: 'tar',
      form: 'bytes',
      seeds: [(await containerTar()).subarray(0, 400_000), await containerTar()],
      read: async (bytes) => {
        const saver = new ReadingSaver();
        await takeInContainer(inPieces(bytes, PIECE_BYTES), saver);
        for (const tree of saver.texts) {
          const parser = new TreeParser();
          parser.push(tree);
          for (const { name } of parser.end()) expectInside(name);
        }
      },
    },
  ];
}

/** Keeps the trees that are saved, to look at the names in them. */
class ReadingSaver extends HashingSaver {
  readonly texts: Uint8Array[] = [];

  override save(type: 'data' | 'tree', bytes: Uint8Array<ArrayBuffer>) {
    if (type === 'tree') this.texts.push(bytes);
    return super.save(type, bytes);
  }
}
