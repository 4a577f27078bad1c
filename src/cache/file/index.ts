export {
  type LastKnownGood,
  type LastKnownGoodEvent,
  type LastKnownGoodOptions,
  checkLastKnownGood,
  openLastKnownGood,
} from './last-known-good.js';
