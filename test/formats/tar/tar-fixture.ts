import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

const FOLDER = new URL('../../fixtures/tar/', import.meta.url);

/** The dump of a container with two mount points, made by vzdump. */
export async function containerTar(): Promise<Uint8Array> {
  return new Uint8Array(gunzipSync(await readFile(new URL('ct-205-mountpoints.tar.gz', FOLDER))));
}

/** What `tar --list --verbose --numeric-owner` says of it, a line for each member. */
export async function containerListing(): Promise<readonly string[]> {
  return (await readFile(new URL('ct-205-mountpoints.tvf.txt', FOLDER), 'utf8')).trimEnd().split('\n');
}
