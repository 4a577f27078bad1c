/**
 * The two messages of grpc.health.v1 in protobuf's wire format, and gRPC's frame around them (a flag byte and four
 * bytes of length). Two fields do not need a protobuf library.
 *
 *   HealthCheckRequest  { string service = 1; }
 *   HealthCheckResponse { ServingStatus status = 1; }
 */
const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
const FRAME_HEADER_BYTES = 5;
const STRING_FIELD_1 = 0x0a;
const VARINT_FIELD_1 = 0x08;

export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([STRING_FIELD_1, ...varint(name.length)]), name]);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

/** The status word, or undefined when the bytes are no such answer. Absent means UNKNOWN, as for any protobuf enum. */
export function decodeHealthStatus(frame: Buffer): string | undefined {
  if (frame.length < FRAME_HEADER_BYTES || frame[0] !== 0) return undefined;
  const message = frame.subarray(FRAME_HEADER_BYTES);
  if (message.length !== frame.readUInt32BE(1)) return undefined;
  let status = 0;
  for (let at = 0; at < message.length;) {
    const key = readVarint(message, at);
    const value = key && fieldEnd(message, key.value & 7, key.next);
    if (!key || !value || value.next > message.length) return undefined;
    if (key.value === VARINT_FIELD_1) status = value.value;
    at = value.next;
  }
  return SERVING_STATUS[status] ?? `status ${status}`;
}

interface Read {
  readonly value: number;
  readonly next: number;
}

/** Reads or skips one field by its wire type, so that fields of a later version do no harm. */
function fieldEnd(bytes: Buffer, wireType: number, at: number): Read | undefined {
  switch (wireType) {
    case 0:
      return readVarint(bytes, at);
    case 1:
      return { value: 0, next: at + 8 };
    case 2: {
      const length = readVarint(bytes, at);
      return length && { value: 0, next: length.next + length.value };
    }
    case 5:
      return { value: 0, next: at + 4 };
    default:
      return undefined;
  }
}

function readVarint(bytes: Buffer, start: number): Read | undefined {
  let value = 0;
  for (let at = start; at < Math.min(bytes.length, start + 7); at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
