/** What pvebak.json and pvebak-node.json say of the large files beside them. */
export interface RecordedFiles {
  /** `qemu/101`; undefined in the record of a node. */
  readonly guest: string | undefined;
  readonly disks: readonly RecordedDisk[];
  readonly archive: RecordedArchive;
  /** Whether the files of a container stand beside its archive. */
  readonly hasFiles: boolean;
}

export interface RecordedDisk {
  readonly device: string;
  readonly deviceId: number;
  readonly size: number;
  readonly chunkSize: number;
  readonly listDigest: string;
}

export interface RecordedArchive {
  readonly name: string;
  readonly size: number;
  readonly listDigest: string;
  /** Of the whole stream; a tar only. */
  readonly sha256: string | undefined;
}

const LARGEST_CHUNK = 3 << 20;

/** Strict where it matters, as it is held against what lies there. @returns what is wrong, as a text */
export function parseRecordedFiles(json: Uint8Array): RecordedFiles | string {
  let raw: Record<string, unknown>;
  try {
    raw = asObject(JSON.parse(Buffer.from(json).toString('utf8')));
  } catch {
    return 'it is not JSON';
  }
  if (raw['version'] !== 1) return `version ${String(raw['version'])} of it is not known`;
  const disks = (Array.isArray(raw['disks']) ? raw['disks'] : []).map(parseDisk);
  const archive = parseArchive(raw['archive']);
  if (archive === undefined) return 'it does not say what the archive is';
  if (!disks.every((disk) => disk !== undefined)) return 'it does not say what each disk is';
  const { type, vmid } = asObject(raw['guest']);
  const { folders } = asObject(raw['rootfs']);
  return {
    guest: raw['guest'] === undefined ? undefined : `${String(type)}/${String(vmid)}`,
    disks,
    archive,
    hasFiles: isCount(folders) && folders > 0,
  };
}

function parseDisk(value: unknown): RecordedDisk | undefined {
  const { device, deviceId, size, chunkSize, listDigest } = asObject(value);
  if (typeof device !== 'string' || !isCount(deviceId) || !isCount(size)) return undefined;
  if (!isCount(chunkSize) || chunkSize > LARGEST_CHUNK || !isDigest(listDigest)) return undefined;
  return { device, deviceId, size, chunkSize, listDigest };
}

function parseArchive(value: unknown): RecordedArchive | undefined {
  const { name, size, listDigest, sha256 } = asObject(value);
  if (typeof name !== 'string' || !isCount(size) || !isDigest(listDigest)) return undefined;
  if (sha256 !== undefined && !isDigest(sha256)) return undefined;
  return { name, size, listDigest, sha256 };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
