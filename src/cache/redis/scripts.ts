import { RECORD_VERSION } from './record.js';

/**
 * KEYS: entry, latest. ARGV: record, space, milliseconds to live. Keeps the record unless one with a higher index is
 * there. What is no record of ours is overwritten.
 */
export const SET_UNLESS_OLDER = `
local known = redis.pcall('GET', KEYS[1])
if type(known) == 'string' and #known > 9 and string.byte(known, 1) == ${RECORD_VERSION} then
  if struct.unpack('>d', known, 2) > struct.unpack('>d', ARGV[1], 2) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1`;

/** KEYS: entry, latest. ARGV: space. Removes the entry, and its space as the latest where it is. */
export const DELETE_SPACE = `
redis.call('DEL', KEYS[1])
if redis.pcall('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1`;
