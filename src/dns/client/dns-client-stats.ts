/** Counters of one client, from its beginning. */
export class DnsClientStats {
  /** Questions put to servers, repetitions included. */
  sent = 0;
  /** Datagrams that answer nothing that is asked: late ones, doubles, forgeries. */
  unexpected = 0;
  /** Answers whose letters' case or cookie was not ours: asked again over TCP. */
  doubted = 0;
  /** Answers cut to fit, asked for over TCP. */
  truncated = 0;
  /** Answers that could not be used. */
  malformed = 0;
  /** Questions that a second server was asked beside the first, because the first was slow. */
  hedged = 0;
  /** Servers with failures asked whether they are back. */
  probed = 0;
}
