/** Reverse names (RFC 1035 3.5, RFC 3596 2.5) to addresses. */
import { foldName, ipText } from '../wire/index.js';

const v4Suffix = '.in-addr.arpa';
const v6Suffix = '.ip6.arpa';

/** Undefined for a name that is not below in-addr.arpa or ip6.arpa; '' for one there that is no whole address. */
export function reversedAddress(name: string): string | undefined {
  const folded = foldName(name);
  if (folded.endsWith(v4Suffix)) return reversedV4(folded.slice(0, -v4Suffix.length).split('.'));
  if (folded.endsWith(v6Suffix)) return reversedV6(folded.slice(0, -v6Suffix.length).split('.'));
  return undefined;
}

function reversedV4(labels: readonly string[]): string {
  const octets = labels.toReversed();
  const whole = octets.length === 4 && octets.every((one) => /^(0|[1-9]\d{0,2})$/.test(one) && Number(one) < 256);
  return whole ? octets.join('.') : '';
}

function reversedV6(labels: readonly string[]): string {
  if (labels.length !== 32 || !labels.every((one) => /^[\da-f]$/.test(one))) return '';
  return ipText(Buffer.from(labels.toReversed().join(''), 'hex'));
}
