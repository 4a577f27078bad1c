/** Ids that Consul looks up by their bytes; it complains of any that are not a UUID before it looks. */

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** `index error: UUID must be 36 characters` and its kin; undefined when the id can be looked up. */
export function uuidComplaint(id: string): string | undefined {
  if (id.length !== 36) return 'index error: UUID must be 36 characters';
  const hyphens = id.split('-').length - 1;
  if (hyphens > 4) return `index error: UUID should have maximum of 4 "-"; got ${hyphens}`;
  const digits = id.replaceAll('-', '');
  if (digits.length % 2 !== 0) return 'index error: Input (without hyphens) must be even length';
  const wrong = /[^\da-f]/i.exec(digits)?.[0];
  return wrong === undefined ? undefined : `index error: Invalid UUID: encoding/hex: invalid byte: ${runeName(wrong)}`;
}

function runeName(character: string): string {
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} '${character}'`;
}
