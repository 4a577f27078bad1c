/** Query parameters: false and undefined are left out, true is the bare name, a list is the name several times. */
export type QueryParameters = Readonly<
  Record<string, string | number | bigint | boolean | readonly string[] | undefined>
>;

export function searchOf(query: QueryParameters): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    if (value === true) pairs.push(name);
    else if (typeof value === 'object') for (const item of value) pairs.push(pair(name, item));
    else pairs.push(pair(name, String(value)));
  }
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function pair(name: string, value: string): string {
  return `${name}=${encodeURIComponent(value.toWellFormed())}`;
}
