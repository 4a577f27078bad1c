import type { ServiceEndpoint } from '../model/index.js';

/** What happened to the choice that an operator may want to know. */
export type BalancerEvent =
  | { readonly type: 'ejected'; readonly endpoint: ServiceEndpoint; readonly cause: string; readonly forMs: number }
  | { readonly type: 'restored'; readonly endpoint: ServiceEndpoint }
  /** Too few are healthy from now on, or enough again. */
  | { readonly type: 'panic'; readonly active: boolean; readonly usable: number; readonly total: number };
