import type { Json } from './format.js';

/**
 * Names that a scenario may use as `${name}`: known from the start, captured on the way, ports of listeners. What else
 * stands in such brackets, `${match(1)}` of a query template for one, belongs to the text.
 */
export class Variables {
  private readonly values = new Map<string, Json>();

  set(name: string, value: Json): void {
    this.values.set(name, value);
  }

  get(name: string): Json {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`the scenario knows no \${${name}}`);
    return value;
  }

  /** In every text of a value; `"${num:name}"` alone becomes a number. */
  substitute<T>(value: T): T {
    return this.substituted(value as Json) as T;
  }

  private substituted(value: Json): Json {
    if (typeof value === 'string') return this.inText(value);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => this.substituted(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.inText(key), this.substituted(item)]));
  }

  private inText(text: string): Json & string;
  private inText(text: string): Json {
    const number = /^\$\{num:([\w.-]+)\}$/.exec(text);
    if (number) return Number(this.get(number[1] as string));
    return text.replaceAll(/\$\{([\w.-]+)\}/g, (_, name: string) => {
      const value = this.get(name);
      return typeof value === 'string' ? value : JSON.stringify(value);
    });
  }
}
