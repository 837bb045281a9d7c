import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import { countryOfRecord } from './country-of-record.js';

/** Loaded with the first database: a daemon that looks nothing up does without. */
const maxmind = (): typeof import('maxmind') => createRequire(import.meta.url)('maxmind');

/** Stands before the description of a database, which is within the last 128 KiB of its file. */
const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const descriptionBytes = 128 * 1024;
/** Records are looked at for this long before a database is said to hold no countries. */
const triedRecords = 50;

export interface CountryDatabase {
  /** In the words of its maker, such as GeoLite2-Country. */
  readonly type: string;
  readonly built: Date;
  /** Many records were found, and not one says a country: it is a database of something else. */
  readonly holdsNone: boolean;
  /** @param address canonical @throws what the library throws when the file is damaged */
  countryOf(address: string): string | undefined;
}

/**
 * Takes the whole file of a database in MaxMind's format, and keeps it.
 * @throws Error whose message says why it is none
 */
export function readDatabase(file: Buffer): CountryDatabase {
  if (file.length > 1 && file[0] === 0x1f && file[1] === 0x8b) throw new Error('it is compressed: unpack it');
  if (file.subarray(-descriptionBytes).lastIndexOf(marker) < 0)
    throw new Error('it is not a whole database in MaxMind’s format (.mmdb)');
  const { Reader } = maxmind();
  // No cache of records: each country's is small, and whoever asks remembers the answer.
  const reader = new Reader<object>(file);
  const { databaseType: type, buildEpoch: built, ipVersion } = reader.metadata;
  let records = 0;
  let countries = 0;
  return {
    type,
    built,
    get holdsNone() {
      return records >= triedRecords && countries === 0;
    },
    countryOf: address => {
      // In a file of IPv4 addresses, the library would take the first bits of this one for one of them.
      if (ipVersion === 4 && isIPv6(address)) return undefined;
      const record = reader.get(address);
      if (record === null) return undefined;
      records += 1;
      const country = countryOfRecord(record);
      if (country !== undefined) countries += 1;
      return country;
    },
  };
}
