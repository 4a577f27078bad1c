export type * from './discovery.js';
export type * from './registration/registration.js';
export type { NamedRequest } from './registration/register-all.js';
export type { RegisteredInstance, RegistrationTarget, TargetDescription } from './registration/registration-target.js';
export { standardCheck } from './registration/check-body.js';
export { SplitBrainProtection, type MembersSource, type SplitBrainOptions } from './split-brain-protection.js';
