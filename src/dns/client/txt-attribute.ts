/**
 * `key=value` out of the strings of one TXT record (RFC 1464), which are one text together. A grave accent quotes what
 * follows it; spaces at the ends of a key do not count unless quoted. Undefined for a text without a key, which is to be
 * ignored. Keys are compared without regard to case; that is the caller's to do, the key is given as it stands.
 */
export function txtAttribute(
  strings: readonly Uint8Array[],
): { readonly key: string; readonly value: string } | undefined {
  const text = Buffer.concat(strings).toString('utf8');
  let key = '';
  // What the key is at least: quoted spaces at its end stay.
  let kept = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '=') {
      key = key.slice(0, kept);
      return key === '' ? undefined : { key, value: unquoted(text.slice(i + 1)) };
    }
    const isQuoted = character === '`' && i + 1 < text.length;
    if (isQuoted) i++;
    else if (character === ' ' && key === '') continue;
    key += text[i] as string;
    if (isQuoted || character !== ' ') kept = key.length;
  }
  return undefined;
}

function unquoted(value: string): string {
  return value.replace(/`([\s\S])/g, '$1');
}
