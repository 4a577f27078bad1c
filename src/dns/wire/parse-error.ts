/** Bytes that are not what they should be. The only thing the decoder throws. */
export class DnsParseError extends Error {
  override readonly name = 'DnsParseError';

  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(`${message} at byte ${offset}`);
  }
}
