/** A problem for `/v1/status`. */
export interface KeyProblem {
  readonly key: string;
  readonly what: string;
  readonly since: number | undefined;
  readonly fix: string;
}

export interface FaultyKeys {
  /** API_KEYS_FILE, and what is wrong with it. */
  readonly path: string | undefined;
  readonly file: string | undefined;
  /** What is wrong with the keys that were made here. */
  readonly made: string | undefined;
}

/** What people have to do about keys that are not all in force. */
export function keyProblems({ path, file, made }: FaultyKeys): readonly KeyProblem[] {
  const problems: KeyProblem[] = [];
  if (file !== undefined)
    problems.push({
      key: 'keys file',
      what: `The file of keys ${path} is wrong: ${file}.`,
      since: undefined,
      fix: 'Correct the file: it is read again within two seconds. Until then the keys that it still names are the only ones in force; the others are out.',
    });
  if (made !== undefined)
    problems.push({
      key: 'keys made',
      what: `The keys that were made here are not all known: ${made}.`,
      since: undefined,
      fix: 'Correct the file or restore it, and restart the daemon. Until then no key can be made or revoked here.',
    });
  return problems;
}
