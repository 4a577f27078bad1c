/** What may be selected in an answer, and how it compares. A field that is not in the table cannot be selected. */
export type Shape =
  | { readonly type: 'string' | 'number' | 'boolean' }
  | { readonly type: 'list'; readonly of: Shape }
  | { readonly type: 'map'; readonly of: Shape }
  | StructShape;

export interface StructShape {
  readonly type: 'struct';
  readonly fields: ReadonlyMap<string, Shape>;
}

export const string: Shape = { type: 'string' };
export const number: Shape = { type: 'number' };
export const boolean: Shape = { type: 'boolean' };

export function list(of: Shape): Shape {
  return { type: 'list', of };
}

export function map(of: Shape): Shape {
  return { type: 'map', of };
}

export function struct(fields: Readonly<Record<string, Shape>>): StructShape {
  return { type: 'struct', fields: new Map(Object.entries(fields)) };
}
