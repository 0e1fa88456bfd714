/** A file that travels in the archive header, such as `qemu-server.conf`. */
export interface VmaConfig {
  readonly name: string;
  /** At most 65,535 bytes. */
  readonly content: Uint8Array;
}

/** A disk (or RAM state) of the archive. */
export interface VmaDevice {
  /** 1 to 254: its place in the device table, which is what extents call it by. */
  readonly id: number;
  /** `drive-scsi0`, …; a RAM state stream is called `vmstate`. */
  readonly name: string;
  /** Bytes; not necessarily whole blocks. */
  readonly size: number;
}

/** What an archive header says. */
export interface VmaHeader {
  /** 16 bytes, repeated in each extent. */
  readonly uuid: Uint8Array;
  /** Seconds since 1970. */
  readonly ctime: number;
  /** In the order of the config table. */
  readonly configs: readonly VmaConfig[];
  /** Ascending by id. */
  readonly devices: readonly VmaDevice[];
}

/** A device larger than this is refused. */
export const MAX_DEVICE_BYTES = 8 * 1024 ** 4;
