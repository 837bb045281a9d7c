/** What Node makes of the records of a type. */
export type Resolved = readonly unknown[] | Readonly<Record<string, unknown>>;

type Words = Readonly<Record<string, string | number>>;

/** Each record as text: the whole first, then what else may be meant by it (`10 mail.example.org`, the host alone). */
export function answersOf(type: string, found: Resolved): readonly (readonly string[])[] {
  const records = Array.isArray(found) ? (found as readonly unknown[]) : [found];
  return records.map(record => formsOf(type, record));
}

function formsOf(type: string, record: unknown): readonly string[] {
  if (typeof record === 'string') return [record];
  // A long TXT record comes in pieces.
  if (Array.isArray(record)) return [record.join('')];
  const words = record as Words;
  switch (type) {
    case 'MX':
      return [`${words.priority} ${words.exchange}`, String(words.exchange)];
    case 'SRV':
      return [
        `${words.priority} ${words.weight} ${words.port} ${words.name}`,
        `${words.name}:${words.port}`,
        String(words.name),
      ];
    case 'SOA':
      return [`${words.nsname} ${words.hostmaster} ${words.serial}`, String(words.nsname), String(words.serial)];
    case 'CAA': {
      const { critical, ...property } = words;
      const [[tag = '', value = ''] = []] = Object.entries(property).filter(([key]) => key !== 'type');
      return [`${critical} ${tag} ${value}`, String(value)];
    }
    default:
      return [Object.values(words).join(' ')];
  }
}
