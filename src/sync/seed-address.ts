/** Where another agent may be met. Without a port, the default one. */
export interface Seed {
  readonly host: string;
  readonly port: number | undefined;
}

const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/;

/** `HOST`, `HOST:PORT`, `IPV6`, `[IPV6]`, `[IPV6]:PORT`; undefined for anything else. */
export function parseSeed(text: string): Seed | undefined {
  if (isIPv6(text)) return { host: text, port: undefined };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const [, six, other = '', portText] = match;
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  if (six === undefined ? !HOST.test(other) : !isIPv6(six)) return undefined;
  return { host: six ?? other, port };
}

function isIPv6(text: string): boolean {
  return /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]`);
}
