import type { JsonKey } from './json-names.js';
import type { SlotName } from './slots.js';

/** Which variable says who the client is, and which address of it counts. */
export interface ClientAddress {
  /** Without the dollar sign. */
  readonly variable: string;
  readonly pick: 'first' | 'last';
}

/** Variables that settings name, without the dollar sign, in place of those that are known. */
export interface NamedVariables {
  /** NGINX_CLIENT_ADDRESS. */
  readonly client?: ClientAddress | undefined;
  /** NGINX_USER. */
  readonly user?: string | undefined;
  /** NGINX_EXTRACTOR. */
  readonly extractor?: string | undefined;
}

/** What fills a slot once settings have named variables. */
export class Naming {
  readonly client: ClientAddress | undefined;
  /** Each with the setting that names it. */
  readonly named: readonly { readonly slot: SlotName; readonly variable: string; readonly setting: string }[];

  constructor({ client, user, extractor }: NamedVariables) {
    this.client = client;
    this.named = [
      { slot: 'address' as const, variable: client?.variable, setting: 'NGINX_CLIENT_ADDRESS' },
      { slot: 'user' as const, variable: user, setting: 'NGINX_USER' },
      { slot: 'extractor' as const, variable: extractor, setting: 'NGINX_EXTRACTOR' },
    ].flatMap(({ variable, ...rest }) => (variable === undefined ? [] : [{ ...rest, variable }]));
  }

  /** `key` is what the name means where no setting names it; a slot that has a variable of its own takes no other. */
  keyOf(name: string, key: JsonKey | undefined): JsonKey | undefined {
    const own = this.named.find(({ variable }) => variable === name);
    if (own !== undefined) return { slot: own.slot, rank: -1 };
    return this.named.some(({ slot }) => slot === key?.slot) ? undefined : key;
  }
}
