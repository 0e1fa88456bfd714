import { FormatError } from '../format-error.ts';
import type { TarMember } from './tar-member.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;
const PCT_CONF = './etc/vzdump/pct.conf';
const PCT_FW = './etc/vzdump/pct.fw';

/** Whether a member is the configuration of the container, stored plainly. */
export function isContainerConfig({ rawName, type, layout }: TarMember): boolean {
  const isPlain = type === 'file' && layout.kind === 'plain';
  return isPlain && rawName.length === PCT_CONF.length && new TextDecoder().decode(rawName) === PCT_CONF;
}

/** Keeps the configuration that vzdump puts in front of a container's files. Of members with one name the first counts. */
export class ContainerConfigs {
  readonly #found = new Map<string, Uint8Array>();
  #current: Uint8Array | undefined;

  /** The container's configuration, once its member has passed. */
  get pctConf(): Uint8Array | undefined {
    return this.#found.get(PCT_CONF);
  }

  /** The firewall's rules; empty when there are none. */
  get pctFw(): Uint8Array | undefined {
    return this.#found.get(PCT_FW);
  }

  /** @param offset where in the stream its content begins. @throws FormatError when a configuration is above 1 MiB */
  takeMember(member: TarMember, offset: number): void {
    this.#current = undefined;
    if (member.rawName.length > PCT_CONF.length || member.type !== 'file') return;
    const name = new TextDecoder().decode(member.rawName);
    if ((name !== PCT_CONF && name !== PCT_FW) || this.#found.has(name)) return;
    if (member.realSize > MAX_CONFIG_BYTES) throw new FormatError(`${name} is larger than 1 MiB`, offset);
    if (member.layout.kind === 'unknown') throw new FormatError(`${name} cannot be read`, offset);
    this.#current = new Uint8Array(member.realSize);
    this.#found.set(name, this.#current);
  }

  takeContent(bytes: Uint8Array, offset: number): void {
    this.#current?.set(bytes, offset);
  }
}
