export {
  type LastKnownGood,
  type LastKnownGoodEvent,
  type LastKnownGoodOptions,
  openLastKnownGood,
} from './last-known-good.js';
