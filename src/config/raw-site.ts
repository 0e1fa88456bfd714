/** A site file as it is written, after the schema has accepted it (`schemas/site.schema.json`). */
export interface RawSite {
  readonly version: 1;
  readonly include?: readonly string[];
  readonly cadence?: string;
  readonly time_zone?: string;
  readonly repositories: Readonly<Record<string, RawRepository>>;
  readonly hosts: Readonly<Record<string, RawHost>>;
  readonly defaults?: RawDefaults;
  readonly guards?: {
    readonly uncovered?: 'warn' | 'fail';
    readonly forget_max?: string;
    readonly policy_change_grace?: string;
  };
  readonly orphans?: { readonly keep: string };
  readonly moved?: readonly RawMove[];
  readonly backups?: readonly RawBackup[];
  readonly restores?: readonly RawRestore[];
}

export interface RawMove {
  readonly from: { readonly host: string; readonly guest: string };
  readonly to: { readonly host: string; readonly guest: string };
}

export interface RawDefaults {
  readonly repository?: string;
  readonly rpo?: string;
  readonly schedule?: string;
  readonly window?: string;
  readonly verify_within?: string;
  readonly backup_mode?: 'snapshot' | 'suspend' | 'stop';
  readonly retention?: RawRetention;
}

export type OneOrMore<T> = T | readonly T[];

export type RawSecret =
  | string
  | {
      readonly env?: string;
      readonly file?: string;
      readonly credential?: string;
      readonly command?: OneOrMore<string>;
    };

export interface RawRepository {
  readonly path: string;
  readonly password: RawSecret;
  readonly prune?: { readonly max_unused?: string; readonly every?: string };
}

export interface RawHost {
  readonly id?: string;
  readonly location?: OneOrMore<string>;
  readonly mode: 'local' | 'remote';
  readonly conn_method?: 'password' | 'identity' | 'agent';
  readonly conn_username?: string;
  readonly sudo?: boolean;
  readonly conn_password?: RawSecret;
  readonly conn_identity_file?: string;
  readonly conn_identity_key?: RawSecret;
  readonly conn_passphrase?: RawSecret;
  readonly conn_agent?: string;
  readonly conn_client?: 'ssh2' | 'openssh';
  readonly ssh_options?: OneOrMore<string>;
  readonly host_key?: OneOrMore<string>;
  readonly known_hosts?: OneOrMore<string>;
  readonly nodes?: Readonly<Record<string, RawNodeAccess>>;
  readonly stall_timeout?: string;
  readonly backup_mode?: 'snapshot' | 'suspend' | 'stop';
  readonly backup_compression?: '0' | '1' | 0 | 1 | 'lzo' | 'gzip' | 'zstd';
  readonly dump_dir?: string;
  readonly node?: string;
  readonly cleanup?: boolean;
  readonly config_backup?: boolean;
  readonly vzdump?: RawVzdump;
}

export interface RawNodeAccess {
  readonly location?: OneOrMore<string>;
  readonly host_key?: OneOrMore<string>;
}

export interface RawVzdump {
  readonly bwlimit?: string;
  readonly ionice?: number;
  readonly fleecing?: string | boolean;
  readonly performance?: { readonly 'max-workers'?: number; readonly 'pbs-entries-max'?: number };
  readonly 'exclude-path'?: OneOrMore<string>;
  readonly pigz?: number;
  readonly zstd?: number;
  readonly 'notification-mode'?: 'auto' | 'legacy-sendmail' | 'notification-system';
  readonly lockwait?: string;
  readonly stopwait?: string;
}

export interface RawBackup {
  readonly name: string;
  readonly host?: string;
  readonly hosts?: readonly string[];
  readonly repository?: string;
  readonly vmid?: OneOrMore<number>;
  readonly pool?: string;
  readonly all?: true;
  readonly include?: RawFilter;
  readonly exclude?: RawFilter;
  readonly rpo?: string;
  readonly schedule?: string;
  readonly time_zone?: string;
  readonly window?: string;
  readonly verify_within?: string;
  readonly fallback?: boolean;
  readonly skip?: RawSkip;
  readonly backup_mode?: 'snapshot' | 'suspend' | 'stop';
  readonly retention?: RawRetention;
}

export interface RawSkip {
  readonly reason: string;
  readonly owner: string;
  readonly until: string;
}

export interface RawFilter {
  readonly vmid?: OneOrMore<number>;
  readonly tags?: OneOrMore<string>;
  readonly name?: OneOrMore<string>;
  readonly type?: OneOrMore<'qemu' | 'lxc'>;
  readonly status?: OneOrMore<string>;
}

export interface RawRetention {
  readonly 'keep-last'?: number;
  readonly 'keep-hourly'?: number;
  readonly 'keep-daily'?: number;
  readonly 'keep-weekly'?: number;
  readonly 'keep-monthly'?: number;
  readonly 'keep-yearly'?: number;
  readonly 'keep-within'?: string;
}

export interface RawRestore {
  readonly name: string;
  readonly repository?: string;
  readonly snapshot?: string;
  readonly before?: string;
  /** Either a guest and where it is from, or a selection. */
  readonly guest?: string;
  readonly from?: string;
  readonly select?: RawSelect;
  readonly to: {
    readonly host: string;
    readonly vmid?: number;
    readonly vmid_offset?: number;
    readonly storage?: string;
    readonly pool?: string;
    readonly start?: boolean;
    readonly unique?: boolean;
  };
  readonly map?: {
    readonly storage?: Readonly<Record<string, string>>;
    readonly bridge?: Readonly<Record<string, string>>;
  };
  readonly bwlimit?: string;
  readonly mode?: 'auto' | 'staged' | 'streamed';
  readonly order?: number | 'startup' | readonly string[];
  readonly when?: 'missing' | 'changed';
  readonly on_existing?: 'fail' | 'replace';
  readonly manual?: boolean;
  readonly allow?: readonly 'host-access'[];
}

export interface RawSelect {
  readonly host: string;
  readonly node?: string;
  readonly pool?: string;
  readonly tags?: OneOrMore<string>;
  readonly within?: string;
}
