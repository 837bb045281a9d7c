import { errorCodeOf } from '../network-errors.js';

export interface ListenFault {
  readonly what: string;
  /** The setting that decides it. */
  readonly setting: 'HOST' | 'PORT';
  readonly fix: string;
}

/** Why nothing can listen at an address, and what to do about it; undefined for an error that no setting cures. */
export function listenFault(error: unknown, host: string, port: number): ListenFault | undefined {
  switch (errorCodeOf(error)) {
    case 'EADDRINUSE':
      return {
        what: `port ${port} of ${host} is taken by another program`,
        setting: 'PORT',
        fix: 'stop what listens there, or set another port',
      };
    case 'EACCES':
      return {
        what: `this user may not listen on port ${port}`,
        setting: 'PORT',
        fix: 'set one above 1023, with a proxy in front, or give the program the capability CAP_NET_BIND_SERVICE',
      };
    case 'EADDRNOTAVAIL':
      return {
        what: `${host} is not an address of this machine`,
        setting: 'HOST',
        fix: 'set one that it has, or 0.0.0.0 for all of them',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        what: `the name ${host} is not known here`,
        setting: 'HOST',
        fix: 'set an address of this machine, or 0.0.0.0 for all of them',
      };
    default:
      return undefined;
  }
}
