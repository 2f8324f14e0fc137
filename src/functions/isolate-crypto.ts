// The crypto that functions get. What Node's makes is a stream with a long line of prototypes, all of the thread's own realm;
// a function gets the few methods that make a digest, a signature or a cipher, on an object that leads nowhere.
import crypto from "node:crypto";

const PLAIN = [
  "createPrivateKey",
  "createPublicKey",
  "createSecretKey",
  "getHashes",
  "hash",
  "hkdfSync",
  "privateDecrypt",
  "privateEncrypt",
  "publicDecrypt",
  "publicEncrypt",
  "timingSafeEqual",
] as const;

/** They also take a callback, which could come when the run is over. */
const WITHOUT_CALLBACK = ["randomBytes", "randomInt", "randomUUID", "sign", "verify"] as const;

const METHODS = {
  createCipheriv: ["update", "final", "setAAD", "setAutoPadding", "getAuthTag"],
  createDecipheriv: ["update", "final", "setAAD", "setAutoPadding", "setAuthTag"],
  createHash: ["update", "digest", "copy"],
  createHmac: ["update", "digest"],
  createSign: ["update", "sign"],
  createVerify: ["update", "verify"],
} as const;

/** A thread cannot be ended while it derives a key: these take a few seconds at most. */
const MOST_ITERATIONS = 10_000_000;
const MOST_SCRYPT_COST = 2 ** 24; // N * r * p: 128 times the default

type Functions = Record<string, (...args: never[]) => unknown>;
type AnyFunction = (...args: unknown[]) => unknown;

const source = crypto as unknown as Record<string, AnyFunction>;

const bare = (members: Record<string, unknown>): object => Object.freeze(Object.assign(Object.create(null), members));

const wrap = (made: unknown, methods: readonly string[]): object => {
  const target = made as Record<string, AnyFunction>;
  const face: object = bare(
    Object.fromEntries(
      methods.map((name) => [
        name,
        (...args: unknown[]): unknown => {
          const result = target[name]!(...args);
          if (result === target) return face;
          return name === "copy" ? wrap(result, methods) : result;
        },
      ]),
    ),
  );
  return face;
};

const withoutCallback =
  (name: string): AnyFunction =>
  (...args) => {
    if (typeof args.at(-1) === "function")
      throw new TypeError(`crypto.${name} takes no callback here: use its result.`);
    return source[name]!(...args);
  };

const pbkdf2Sync: AnyFunction = (password, salt, iterations, length, digest) => {
  const count = Number(iterations);
  if (count > MOST_ITERATIONS)
    throw new RangeError(`crypto.pbkdf2Sync takes at most ${MOST_ITERATIONS} iterations here.`);
  return source.pbkdf2Sync!(password, salt, count, length, digest);
};

const scryptSync: AnyFunction = (password, salt, length, options = {}) => {
  const o = { ...(options as Record<string, unknown>) };
  const cost =
    Number(o.N ?? o.cost ?? 16_384) * Number(o.r ?? o.blockSize ?? 8) * Number(o.p ?? o.parallelization ?? 1);
  if (cost > MOST_SCRYPT_COST)
    throw new RangeError(`crypto.scryptSync takes at most a cost of ${MOST_SCRYPT_COST} here.`);
  return source.scryptSync!(password, salt, length, o);
};

/** Made once for each thread, before its realm is held still. */
export const createCrypto = (): Functions => {
  const made = Object.entries(METHODS).map(([name, methods]) => [
    name,
    (...args: unknown[]) => wrap(source[name]!(...args), methods),
  ]);
  const plain = PLAIN.map((name) => [name, (...args: unknown[]) => source[name]!(...args)]);
  const checked = WITHOUT_CALLBACK.map((name) => [name, withoutCallback(name)]);
  const constants = bare(crypto.constants as unknown as Record<string, unknown>);
  return bare({
    constants,
    pbkdf2Sync,
    scryptSync,
    ...Object.fromEntries([...made, ...plain, ...checked]),
  }) as Functions;
};
