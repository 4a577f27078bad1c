/**
 * The format of the recorded contract: a scenario says what is done (HTTP calls, DNS questions, listeners to be tested),
 * a recording says what a real Consul answered to each step, with placeholders where answers change from run to run.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly slow: boolean;
  /** Added to every step that is not `plain`. */
  readonly defaults: Partial<Step>;
  readonly steps: readonly Step[];
  /** Done at the end, whatever happened; never compared. */
  readonly cleanup: readonly Step[];
}

export interface Condition {
  readonly status?: number;
  /** A JSON pointer; `is`, `not` and `starts` speak of its value. */
  readonly at?: string;
  readonly is?: Json;
  readonly not?: Json;
  readonly starts?: string;
  readonly length?: number;
  readonly rcode?: string;
  /** Number of DNS answers. */
  readonly answers?: number;
}

export type TextRule = 'any' | { readonly starts: string } | { readonly contains: string };

/** One step does one thing; the other fields are its rules. Durations in milliseconds. */
export interface Step {
  readonly id?: string;

  /** `METHOD /path`, with a body from `json`, `text`, `base64` or `repeat` (byte, count). */
  readonly http?: string;
  readonly json?: Json;
  readonly text?: string;
  readonly base64?: string;
  readonly repeat?: readonly [byte: string, count: number];
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunked?: boolean;
  readonly timeout?: number;
  /** Sent without waiting for the answer, for `pending` and `collect`. */
  readonly bg?: boolean;
  readonly pending?: string;
  readonly after?: number;
  readonly collect?: string;

  /** `TYPE name`, over UDP unless `via` says tcp. */
  readonly dns?: string;
  readonly via?: 'tcp';
  readonly edns?: number;
  readonly ecs?: string;
  readonly rd?: boolean;
  readonly class?: string;
  readonly opcode?: number;
  readonly batch?: readonly string[];
  readonly split?: boolean;
  readonly rawHex?: string;

  readonly listen?: {
    readonly name: string;
    readonly kind: 'http' | 'tcp' | 'dead';
    readonly status?: number;
    readonly body?: string;
  };
  readonly listenSet?: { readonly name: string; readonly status: number; readonly body: string };
  readonly listenClose?: string;
  readonly seen?: string;
  readonly pick?: readonly string[];
  readonly requests?: readonly [least: number, most: number];

  readonly sleep?: number;

  readonly plain?: boolean;
  readonly until?: readonly Condition[];
  readonly within?: number;
  readonly every?: number;
  readonly capture?: Readonly<Record<string, string>>;
  readonly rel?: Readonly<Record<string, string>>;
  readonly took?: readonly [least: number, most: number];
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  readonly unordered?: readonly string[];
  readonly exact?: readonly string[];
  readonly without?: readonly string[];
  readonly bodyHas?: readonly string[];
  readonly textRule?: TextRule;
  readonly noHdr?: readonly string[];
  readonly noHeaders?: boolean;
  readonly noBody?: boolean;
  readonly bytes?: boolean;
  readonly count?: number;
  readonly subsetOf?: string;
  readonly varies?: number;
  readonly keepCase?: boolean;
  readonly anyEdns?: boolean;
  /** Other outcomes that pass: where Consul 1.21 differs from the recorded 1.10. */
  readonly also?: readonly (Recorded & { readonly textRule?: TextRule })[];
}

export interface RecordedDns {
  readonly rcode?: string;
  /** Of aa tc rd ra, in this order. */
  readonly flags?: string;
  readonly question?: readonly string[];
  readonly answer?: readonly string[];
  readonly authority?: readonly string[];
  /** At least these. */
  readonly additional?: readonly string[];
  readonly answerCount?: number;
  readonly answerRange?: readonly [least: number, most: number];
  readonly answerTypes?: readonly string[];
  /** The message is no longer than `count`. */
  readonly fits?: boolean;
  /** null: no OPT record. */
  readonly edns?: { readonly ecs?: { readonly source: number; readonly scope: number } } | null;
}

/** What was answered to one step. */
export interface Recorded {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that must not be there. */
  readonly absent?: readonly string[];
  readonly json?: Json;
  readonly text?: string;
  /** Pointers that must be gone. */
  readonly without?: readonly string[];
  readonly request?: Json;
  readonly dns?: RecordedDns;
  readonly batch?: readonly RecordedDns[];
  /** Relations and timing, each true or in words. */
  readonly facts?: Readonly<Record<string, boolean | string>>;
}

export type Recording = ReadonlyMap<string, Recorded>;
