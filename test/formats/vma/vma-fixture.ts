import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

const FOLDER = new URL('../../fixtures/vma/', import.meta.url);

/** An archive, unpacked. */
export async function vmaFixture(file: string): Promise<Uint8Array> {
  const bytes = await readFile(new URL(file, FOLDER));
  return new Uint8Array(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

export interface GoldenArchive {
  readonly file: string;
  readonly uuid: string;
  readonly ctime: number;
  readonly extents: number;
  readonly configs: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
  readonly drives: readonly {
    readonly devId: number;
    readonly name: string;
    readonly size: number;
    readonly sha256?: string;
  }[];
  /** The exit status of `vma extract`; negative for a signal. */
  readonly extract: number;
}

export interface BrokenArchive {
  readonly file: string;
  readonly what: string;
  readonly extract: { readonly status: number; readonly stderr: string };
  readonly imagesIdenticalToBase: boolean;
}

export async function goldenArchives(): Promise<readonly GoldenArchive[]> {
  return JSON.parse(await readFile(new URL('index.json', FOLDER), 'utf8'));
}

export async function brokenArchives(): Promise<readonly BrokenArchive[]> {
  return JSON.parse(await readFile(new URL('broken/index.json', FOLDER), 'utf8'));
}
