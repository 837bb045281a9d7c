import { Outgoing } from '../../src/outgoing.js';

/** Requests go straight to their host. */
export const straight = new Outgoing({ http: undefined, https: undefined, exceptions: [] });
