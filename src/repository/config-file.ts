import { randomBytes } from 'node:crypto';
import { isIrreducible, randomIrreduciblePolynomial } from './chunker-polynomial.ts';
import { damaged } from './damaged-error.ts';

/** The file `config`: encrypted JSON, never compressed (restic's design document, "Repository Format"). */
export interface RepositoryConfig {
  /** 1 or 2; version 1 knows no compression. */
  readonly version: 1 | 2;
  /** 64 hex digits */
  readonly id: string;
  readonly chunkerPolynomial: bigint;
}

export function newConfig(): RepositoryConfig {
  return {
    version: 2,
    id: randomBytes(32).toString('hex'),
    chunkerPolynomial: randomIrreduciblePolynomial(),
  };
}

export function encodeConfig(config: RepositoryConfig): Uint8Array {
  const { version, id, chunkerPolynomial } = config;
  return Buffer.from(JSON.stringify({ version, id, chunker_polynomial: chunkerPolynomial.toString(16) }));
}

/** @throws UserError `repository-damaged` */
export function parseConfig(plaintext: Uint8Array): RepositoryConfig {
  let raw: { version?: unknown; id?: unknown; chunker_polynomial?: unknown };
  try {
    raw = JSON.parse(Buffer.from(plaintext).toString('utf8')) ?? {};
  } catch (cause) {
    throw damaged('config', 'not JSON', cause);
  }
  const { version, id, chunker_polynomial: polynomial } = raw;
  if (version !== 1 && version !== 2)
    throw damaged('config', `version ${String(version)} of the format is not known`);
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) throw damaged('config', 'the id is wrong');
  if (
    typeof polynomial !== 'string' ||
    !/^[0-9a-f]{1,16}$/.test(polynomial) ||
    !isIrreducible(BigInt(`0x${polynomial}`))
  ) {
    throw damaged('config', 'the chunker polynomial is wrong');
  }
  return { version, id, chunkerPolynomial: BigInt(`0x${polynomial}`) };
}
