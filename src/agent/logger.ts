import { pino, type Logger as PinoLogger } from 'pino';
import type { Logger } from '../runtime/index.js';
import type { LogLevel } from './config/index.js';

/**
 * The agent's log: lines on stderr, one stable event name each, then fields. Written synchronously, so that the last
 * words before an exit are not lost. Fields that may carry credentials are never written, wherever they turn up.
 */
export interface AgentLogger extends Logger {
  setLevel(level: LogLevel): void;
  /** Hands over every line of at least this level, whatever the log's own; returns the end of it, harmless twice. */
  follow(level: LogLevel, json: boolean, write: (line: string) => void): () => void;
}

const SECRET_FIELDS = ['token', 'Token', 'header', 'Header', 'body', 'Body', 'authorization'];
const REDACT = { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '(hidden)' };

export function createLogger(
  { level, json }: { readonly level: LogLevel; readonly json: boolean },
  write: (line: string) => void = (line) => void process.stderr.write(line),
): AgentLogger {
  const main: Sink = { level: levelValue(level), json, write };
  const sinks = new Set([main]);
  const stream = new LineStream(sinks);
  const root = pino(
    {
      // Who is written to is decided here, not by pino: its children would keep the level they were made with.
      level: 'trace',
      redact: REDACT,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.errWithCause, error: pino.stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    ...leveled(root, stream),
    setLevel: (next) => {
      main.level = levelValue(next);
    },
    follow: (from, asJson, to) => {
      const sink: Sink = { level: levelValue(from), json: asJson, write: (line) => to(line.trimEnd()) };
      sinks.add(sink);
      return () => void sinks.delete(sink);
    },
  };
}

interface Sink {
  level: number;
  readonly json: boolean;
  readonly write: (line: string) => void;
}

/** Where pino writes: to every reader that wants the level of the line being written. */
class LineStream {
  private current = 0;

  constructor(private readonly sinks: ReadonlySet<Sink>) {}

  wanted(level: number): boolean {
    for (const sink of this.sinks) if (level >= sink.level) return true;
    return false;
  }

  /** pino writes synchronously, so the level holds until the line has come. */
  announce(level: number): void {
    this.current = level;
  }

  write(line: string): void {
    for (const sink of this.sinks) {
      if (this.current >= sink.level) sink.write(sink.json ? line : readable(line));
    }
  }
}

function leveled(target: PinoLogger, stream: LineStream): Logger {
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => {
    const level = levelValue(name);
    return (fields: object, event: string): void => {
      if (!stream.wanted(level)) return;
      stream.announce(level);
      target[name](fields, event);
    };
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => leveled(target.child(fields), stream),
  };
}

function levelValue(level: LogLevel): number {
  return pino.levels.values[level] as number;
}

/** `2026-01-02T03:04:05.678Z info  agent.ready http=127.0.0.1:8500` */
function readable(line: string): string {
  const { time, level, msg, err, error = err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const shown = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  const why = error === undefined ? [] : [errorText(error)];
  return `${[String(time), String(level).padEnd(5), String(msg), ...shown, ...why].join(' ')}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value) ?? 'undefined';
}

/** pino's serialised error: one line; the stack is in the JSON log. */
function errorText(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return `error=${JSON.stringify(message)}`;
}
