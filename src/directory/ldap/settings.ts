/** One LDAP source, as the settings say. Times in milliseconds. */
export type LdapSourceSettings = {
  readonly name: string;
  /** Tried in this order. */
  readonly urls: readonly string[];
  readonly starttls: boolean;
  /** PEM; null: the certificates Node trusts. */
  readonly ca: string | null;
  /** The file is read whenever we bind. */
  readonly bind: { readonly dn: string; readonly passwordFile: string } | null;
  /** It is asked for addresses at these domains only; null: at all. */
  readonly domains: readonly string[] | null;
  readonly people: PeopleSettings | null;
  readonly groups: GroupSettings | null;
  readonly connectTimeout: number;
  readonly queryTimeout: number;
  /** Clients at most. */
  readonly connections: number;
};

export type PeopleSettings = {
  readonly base: string;
  readonly filter: string;
  /** Templates: `attribute`, or `attribute=pattern` with {address}, {local} or {domain}. */
  readonly address: readonly string[];
  /** Templates such as `{uid}@{mailHost}`: the first whose attributes a person has. */
  readonly mailbox: readonly string[];
  /** The attribute of login names. */
  readonly login: string;
  readonly affiliation: string | null;
};

export type GroupSettings = {
  readonly base: string;
  readonly filter: string;
  readonly address: readonly string[];
  /** Attributes that name members: by DN, by address, by login. */
  readonly memberDn: readonly string[];
  readonly memberAddress: readonly string[];
  readonly memberUid: readonly string[];
};
