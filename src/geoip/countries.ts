import { readFileSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { canonicalAddress } from '../ip-address.js';
import type { Log } from '../log.js';
import { type CountryDatabase, readDatabase } from './country-database.js';
import { isNowhere } from './nowhere.js';

/** GEOIP_DATABASE: none, the one that is installed with the daemon, or a file. */
export type CountrySource = 'off' | 'installed' | { readonly path: string };

/** Which country an address is in, as its ISO 3166 code; undefined when that is not known. */
export type CountryOf = (address: string) => string | undefined;

export interface CountryStatus {
  /** Why the database cannot be used; null when it can, or is not wanted. */
  readonly obstacle: {
    readonly reason: string;
    /** Epoch ms. */
    readonly since: number;
    /** null: the one that is installed. */
    readonly path: string | null;
    /** The one that was there before is used. */
    readonly older: boolean;
  } | null;
}

export interface CountriesOptions {
  readonly source: CountrySource;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often somebody who asks has the file checked, ms. */
const checkMs = 10_000;
/** Larger files are not loaded. The largest that MaxMind sells have about 400 MiB. */
const maxFileBytes = 1024 * 1024 * 1024;
/** Addresses whose country is remembered, some 2 MB of them; beyond it all are forgotten. */
const maxRemembered = 16_384;
/** Characters. No address is longer, with its zone; a made-up one is not worth remembering. */
const maxAddressLength = 64;

/**
 * Countries of addresses, from a database that is loaded, whole, when the first address is asked for. When its file has
 * changed, and has stayed the same from one check to the next, the new one takes its place. What cannot be read changes
 * nothing but `status`.
 */
export class Countries {
  readonly #options: CountriesOptions;
  #database: CountryDatabase | undefined;
  /** The file's version that was read last; undefined before the first address. */
  #read: string | undefined;
  /** What is wrong with that version. */
  #flaw: string | undefined;
  /** The file's version at the last check. */
  #seen: string | undefined;
  #checkAt = Number.NEGATIVE_INFINITY;
  #obstacle: { readonly reason: string; readonly since: number } | undefined;
  /** An empty text: it has none. */
  readonly #remembered = new Map<string, string>();

  constructor(options: CountriesOptions) {
    this.#options = options;
  }

  readonly of: CountryOf = address => {
    if (this.#options.source === 'off' || address.length > maxAddressLength) return undefined;
    if (this.#read === undefined) this.#readFirst();
    else this.#checkAgain();
    if (isPlainlyNowhere(address)) return undefined;
    let country = this.#remembered.get(address);
    if (country === undefined) {
      country = this.#find(address) ?? '';
      if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
      this.#remembered.set(address, country);
    }
    return country === '' ? undefined : country;
  };

  get status(): CountryStatus {
    const { source } = this.#options;
    if (source === 'off') return { obstacle: null };
    this.#checkAgain();
    if (this.#obstacle === undefined) return { obstacle: null };
    const older = this.#database !== undefined && !this.#database.holdsNone;
    return { obstacle: { ...this.#obstacle, path: source === 'installed' ? null : source.path, older } };
  }

  #find(address: string): string | undefined {
    const canonical = canonicalAddress(address);
    const database = this.#database;
    if (canonical === undefined || database === undefined || isNowhere(canonical)) return undefined;
    try {
      const country = database.countryOf(canonical);
      if (database.holdsNone) this.#report(`it holds no countries, but ${database.type}`);
      return country;
    } catch (error) {
      this.#report(`it is damaged: ${describe(error)}`);
      return undefined;
    }
  }

  /** In one go, so that the first event has its country like all others. */
  #readFirst(): void {
    this.#read = '';
    this.#checkAt = this.#options.clock.monotonic() + checkMs;
    try {
      const path = this.#path();
      const stats = statSync(path);
      this.#take(versionOf(stats), () => readFileSync(path));
    } catch (error) {
      this.#report(describe(error));
    }
  }

  #checkAgain(): void {
    const now = this.#options.clock.monotonic();
    if (now < this.#checkAt) return;
    this.#checkAt = Number.POSITIVE_INFINITY;
    this.#check()
      .catch(error => this.#report(describe(error), 'not kept'))
      .finally(() => {
        this.#checkAt = this.#options.clock.monotonic() + checkMs;
      });
  }

  async #check(): Promise<void> {
    const path = this.#path();
    const version = versionOf(await stat(path));
    const same = version === this.#seen;
    this.#seen = version;
    // Nothing is loaded before the first address.
    if (this.#read === undefined) this.#obstacle = undefined;
    else if (version === this.#read) this.#show(this.#flaw);
    else if (same) {
      const file = await readFile(path);
      this.#take(version, () => file);
    }
  }

  /** A file that cannot be used is not tried again: the next version is. */
  #take(version: string, read: () => Buffer): void {
    const { log } = this.#options;
    this.#read = version;
    this.#flaw = undefined;
    try {
      const database = readDatabase(read());
      this.#database = database;
      this.#remembered.clear();
      log.info({ type: database.type, built: database.built.toISOString() }, 'geoip.loaded');
      this.#show(undefined);
    } catch (error) {
      this.#report(describe(error));
    }
  }

  /** `kept`: as long as the file stays what it is. */
  #report(reason: string, kept: 'kept' | 'not kept' = 'kept'): void {
    if (kept === 'kept') this.#flaw = reason;
    this.#show(reason);
  }

  #show(reason: string | undefined): void {
    if (reason === this.#obstacle?.reason) return;
    const { log, clock } = this.#options;
    this.#obstacle = reason === undefined ? undefined : { reason, since: clock.now() };
    if (reason !== undefined) log.warn({ reason }, 'geoip.unusable');
  }

  #path(): string {
    const { source } = this.#options;
    if (typeof source === 'object') return source.path;
    return fileURLToPath(import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'));
  }
}

/**
 * Whatever follows, it is an address of a private network, or none at all. Not worth remembering, where a proxy shows
 * many of them.
 */
function isPlainlyNowhere(address: string): boolean {
  return address.startsWith('10.') || address.startsWith('192.168.');
}

/** @throws Error when it is not a file that can be loaded */
function versionOf(stats: Stats): string {
  if (!stats.isFile()) throw new Error('it is not a file');
  if (stats.size > maxFileBytes) throw new Error('it is larger than 1 GiB');
  return [stats.dev, stats.ino, stats.size, stats.mtimeMs].join();
}
