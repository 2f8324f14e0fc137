// `buffer` for packages in a function: the Buffer every function has.
const { Buffer } = globalThis;

const MAX_LENGTH = 2 ** 31 - 1;

export const replacement = {
  Buffer,
  SlowBuffer: Buffer,
  kMaxLength: MAX_LENGTH,
  constants: { MAX_LENGTH, MAX_STRING_LENGTH: 2 ** 29 - 24 },
  INSPECT_MAX_BYTES: 50,
};
