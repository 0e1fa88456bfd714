import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Everything that the system says of the files below a folder, a line for each: type, mode, owner, group, links, size,
 * time, device, target, digest of the content, extended attributes with access control lists as the kernel has them, and
 * which names are one file. Names and targets are read byte by byte, as latin1.
 */
export async function listTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const [files, attributes] = await Promise.all([found(folder), attributesOf(folder)]);
  const firstNames = new Map<string, string>();
  const lines = new Map<string, string>();
  for (const { path, type, inode, facts } of files) {
    const first = firstNames.get(inode) ?? path;
    firstNames.set(inode, first);
    const digest = type === 'f' ? await digestOf(folder, path) : '';
    const same = first === path ? '' : `same as ${first}`;
    lines.set(path, [facts, digest, attributes.get(path) ?? '', same].join(' | '));
  }
  return lines;
}

interface Found {
  readonly path: string;
  readonly type: string;
  readonly inode: string;
  readonly facts: string;
}

async function found(folder: string): Promise<readonly Found[]> {
  const format = '%P\\0%y\\0%i\\0%y %#m %U:%G %n %T@ %l\\0%s\\0';
  const { stdout } = await run('find', ['.', '-printf', format], {
    cwd: folder,
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
  const fields = stdout.split('\0');
  const files: Found[] = [];
  for (let at = 0; at + 4 < fields.length; at += 5) {
    const [path = '', type = '', inode = '', facts = '', size = ''] = fields.slice(at, at + 5);
    // How long a folder is, and how many names lead to one, is the file system's affair.
    const shown = type === 'd' ? facts.replace(/^(d \S+ \S+) \d+/, '$1') : `${facts} ${size}`;
    const device = type === 'b' || type === 'c' ? await deviceOf(folder, path) : '';
    files.push({ path, type, inode, facts: `${shown} ${device}` });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function deviceOf(folder: string, path: string): Promise<string> {
  return (await run('stat', ['-c', '%t:%T', path], { cwd: folder })).stdout.trim();
}

async function digestOf(folder: string, path: string): Promise<string> {
  const hash = createHash('sha256');
  const bytes = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
  for await (const piece of createReadStream(bytes)) hash.update(piece);
  return hash.digest('hex').slice(0, 16);
}

/** By path; getfattr writes bytes of names that are not printable in octal. */
async function attributesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const argv = [
    '--recursive',
    '--physical',
    '--no-dereference',
    '--dump',
    '--match=-',
    '--encoding=hex',
    '.',
  ];
  const { stdout } = await run('getfattr', argv, { cwd: folder, encoding: 'latin1', maxBuffer: 1 << 28 });
  const found = stdout.split('\n\n').map((block) => {
    const [first = '', ...values] = block.split('\n').filter((line) => line !== '');
    const path = first.replace(/^# file: /, '').replace(/\\([0-7]{3})/g, (_, digits: string) => {
      return String.fromCharCode(Number.parseInt(digits, 8));
    });
    return [path === '.' ? '' : path.replace(/^\.\//, ''), values.sort().join(' ')] as const;
  });
  return new Map(found);
}
