import type { SecretRef, Site, SshLogin } from './site.ts';

/** A file that holds a secret, and the key of the site file that says so. */
export interface SecretFile {
  /** `repositories.main.password` */
  readonly key: string;
  /** Absolute. */
  readonly path: string;
}

/** The files that a site's secrets are in; files of the site itself are among them where a secret is written there. */
export function secretFiles({ repositories, hosts, writtenSecrets = [] }: Site): readonly SecretFile[] {
  return [
    ...[...repositories.values()].flatMap(({ name, password }) =>
      inFile(`repositories.${name}.password`, password),
    ),
    ...[...hosts.values()].flatMap(({ name, access }) =>
      access.kind === 'ssh' ? ofLogin(`hosts.${name}`, access.login) : [],
    ),
    ...writtenSecrets,
  ];
}

function ofLogin(host: string, login: SshLogin): readonly SecretFile[] {
  switch (login.kind) {
    case 'password':
      return inFile(`${host}.conn_password`, login.password);
    case 'identity':
      return [
        ...inFile(`${host}.conn_identity_file`, login.key),
        ...(login.passphrase === undefined ? [] : inFile(`${host}.conn_passphrase`, login.passphrase)),
      ];
    case 'agent':
      return [];
  }
}

function inFile(key: string, ref: SecretRef): readonly SecretFile[] {
  return ref.kind === 'file' ? [{ key, path: ref.path }] : [];
}
