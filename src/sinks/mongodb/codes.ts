/**
 * The server's error codes by what the sink must do; names as in the server's own table
 * (src/mongo/base/error_codes.yml). A code that is in neither list is the document's own fault when it was given for a
 * document (2 BadValue, 53 InvalidIdField, 121 DocumentValidationFailure, 10334 BSONObjectTooLarge, 16755 a bad geo
 * field, 11000 on another unique index …), and a bug when it was given for a whole command.
 */
const transient = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  46, // LockBusy
  50, // MaxTimeMSExpired
  63, // StaleShardVersion
  64, // WriteConcernTimeout
  79, // UnknownReplWriteConcern
  89, // NetworkTimeout
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  112, // WriteConflict
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  146, // ExceededMemoryLimit
  150, // StaleEpoch
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  262, // ExceededTimeLimit
  391, // ReauthenticationRequired
  462, // IngressRequestRateLimitExceeded
  9001, // SocketException
  10058, // LegacyNotPrimary
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11601, // Interrupted
  11602, // InterruptedDueToReplStateChange
  13388, // StaleConfig
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
  14031, // OutOfDiskSpace
  16500, // TooManyRequests (Azure Cosmos DB)
]);

const setup = new Map([
  [13, 'the user of MONGODB_URI may not do this; give it the role readWrite on the database'], // Unauthorized
  [18, 'user or password of MONGODB_URI refused'], // AuthenticationFailed
  [11, 'user of MONGODB_URI unknown'], // UserNotFound
  [20, 'this server does not allow it; on a standalone server try retryWrites=false'], // IllegalOperation
  [59, 'this server cannot do it'], // CommandNotFound
  [73, 'MONGODB_DATABASE or MONGODB_COLLECTION is not a valid name'], // InvalidNamespace
  [115, 'this server cannot do it'], // CommandNotSupported
  [166, 'MONGODB_COLLECTION is a view; name a collection'], // CommandNotSupportedOnView
  [334, 'the server does not offer this way to authenticate'], // MechanismUnavailable
  [352, 'the server is too new or too old for this daemon'], // UnsupportedOpQueryCommand
  [8000, 'refused by Atlas: user, password or storage quota'], // AtlasError
]);

export type Meaning = { readonly fault: 'transient' } | { readonly fault: 'setup'; readonly fix: string } | undefined;

/** `fix` says what a person has to do. */
export function meaningOf(code: number): Meaning {
  if (transient.has(code)) return { fault: 'transient' };
  const fix = setup.get(code);
  return fix === undefined ? undefined : { fault: 'setup', fix };
}
