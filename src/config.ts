// The settings: read once from the environment, checked with zod, frozen. The only file that reads process.env.
// A bad setting is reported with all other bad ones, by name, never by value.
import { existsSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError } from "./errors.ts";

const PRODUCTION_RATE_LIMIT = 2_000; // requests a minute and key: 33 a second, the most that published plans give
const DEVELOPMENT_PRIVATE_HOSTS = "127.0.0.0/8,::1,localhost";

const list = z
  .string()
  .transform((text) => text.split(",").map((part) => part.trim()))
  .transform((parts) => parts.filter((part) => part !== ""));

const whole = (from: number, to: number) => {
  const error = `must be a whole number from ${from} to ${to}`;
  return z.coerce.number({ error }).int({ error }).min(from, { error }).max(to, { error });
};

const isOn = (setting: "on" | "off" | undefined, otherwise: boolean): boolean =>
  setting === undefined ? otherwise : setting === "on";

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

const isKey = (text: string): boolean => /^(file|awskms):/.test(text) || Buffer.from(text, "base64").length === 32;

const NO_KEY = "must be the base64 text of 32 bytes, file:<path of a key file> or awskms://<key>?region=<region>";

const Settings = z
  .object({
    NODE_ENV: z.string().default("development"),
    PORT: whole(0, 65_535).default(3003),
    HOST: z.string().min(1).default("127.0.0.1"),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" }).optional(),
    SYNCLINE_DATA: z.string().min(1).default(".syncline"),
    // The current master key, which wraps new data keys; others that open what they wrapped: while one takes the place of another.
    SYNCLINE_ENCRYPTION_KEY: z.string().refine(isKey, NO_KEY).optional(),
    SYNCLINE_ENCRYPTION_KEYS_ACCEPTED: list.refine((keys) => keys.every(isKey), `each ${NO_KEY}`).default([]),
    SYNCLINE_ENCRYPTION_PASSPHRASE: z.string().min(12, "must have at least 12 characters").optional(),
    SYNCLINE_ENCRYPTION_PASSPHRASE_FILE: z.string().optional(),
    AWS_REGION: z.string().optional(),
    AWS_DEFAULT_REGION: z.string().optional(),
    AWS_ACCESS_KEY_ID: z.string().optional(),
    AWS_SECRET_ACCESS_KEY: z.string().optional(),
    AWS_SESSION_TOKEN: z.string().optional(),
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: z.string().optional(),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: z.url().optional(),
    AWS_CONTAINER_AUTHORIZATION_TOKEN: z.string().optional(),
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: z.string().optional(),
    AWS_ENDPOINT_URL_KMS: z.url().optional(),
    SYNCLINE_DEV_API_KEY: z.string().optional(),
    SYNCLINE_ACCOUNT_KEY: z.string().min(32, "must have at least 32 characters").optional(),
    SYNCLINE_RATE_LIMIT: whole(0, 1_000_000).optional(),
    SYNCLINE_TRUSTED_PROXIES: whole(0, 10).default(0),
    SYNCLINE_ROLE: z.enum(["all", "api", "worker"]).default("all"),
    SYNCLINE_ALLOW_PRIVATE_HOSTS: list.optional(),
    SYNCLINE_BASE_URL_OVERRIDE: z.enum(["on", "off"]).default("on"),
    SYNCLINE_CONNECT_ORIGINS: list
      .refine((all) => all.every(isOrigin), "must be origins such as https://app.example.com, with commas")
      .optional(),
    SYNCLINE_PROVIDERS: list.default([]),
    SYNCLINE_GRAPHQL_INTROSPECTION: z.enum(["on", "off"]).optional(),
    SYNCLINE_GRAPHQL_EXPLORER: z.enum(["on", "off"]).optional(),
    SYNCLINE_GRAPHQL_OPERATIONS: z.string().optional(),
    SYNCLINE_GRAPHQL_MAX_DEPTH: whole(3, 100).optional(),
    SYNCLINE_GRAPHQL_MAX_COST: whole(100, 10_000_000).optional(),
    SYNCLINE_GRAPHQL_TIMEOUT_SECONDS: whole(1, 300).default(10),
    SYNCLINE_CONCURRENCY: whole(1, 200).default(10),
    SYNCLINE_ACTION_CONCURRENCY: whole(1, 200).optional(),
    SYNCLINE_URL: z.url().optional(),
    SYNCLINE_API_KEY: z.string().optional(),
    NANGO_HOSTPORT: z.url().optional(),
    NANGO_SECRET_KEY_DEV: z.string().optional(),
    NANGO_SECRET_KEY_PROD: z.string().optional(),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .refine((settings) => settings.NODE_ENV !== "production" || settings.SYNCLINE_ENCRYPTION_KEY !== undefined, {
    path: ["SYNCLINE_ENCRYPTION_KEY"],
    error: "is required when NODE_ENV is production",
    when: () => true, // also when other settings are wrong: all problems are reported at once
  })
  .refine((settings) => settings.NODE_ENV !== "production" || (settings.SYNCLINE_DEV_API_KEY?.length ?? 16) >= 16, {
    path: ["SYNCLINE_DEV_API_KEY"],
    error: "must have at least 16 characters when NODE_ENV is production",
    when: () => true,
  });

/** Take over what a file `.env` in the working folder says; what the environment says already stands. */
export const loadEnvironmentFile = (): void => {
  if (existsSync(".env")) process.loadEnvFile();
};

/** The settings of this process; durations and sizes that operators change at run time live in `syncline.settings`. */
export type Config = Readonly<ReturnType<typeof readConfig>>;

/** Read and check the settings. Throws `invalid_settings` that names every wrong one. */
export const readConfig = (env: Record<string, string | undefined> = process.env) => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const result = Settings.safeParse(given);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new AppError("invalid_settings", `These settings are wrong:\n  ${problems.join("\n  ")}`);
  }
  const settings = result.data;
  const isProduction = settings.NODE_ENV === "production";
  const rateLimit = settings.SYNCLINE_RATE_LIMIT ?? (isProduction ? PRODUCTION_RATE_LIMIT : 0);
  return Object.freeze({
    isProduction,
    port: settings.PORT,
    host: settings.HOST,
    databaseUrl: settings.DATABASE_URL,
    dataFolder: path.resolve(settings.SYNCLINE_DATA),
    /** Where the master keys are. */
    masterKeys: {
      current: settings.SYNCLINE_ENCRYPTION_KEY,
      accepted: settings.SYNCLINE_ENCRYPTION_KEYS_ACCEPTED,
      passphrase: settings.SYNCLINE_ENCRYPTION_PASSPHRASE,
      passphraseFile: settings.SYNCLINE_ENCRYPTION_PASSPHRASE_FILE,
      /** By AWS's own names, for AWS KMS alone. */
      aws: {
        region: settings.AWS_REGION ?? settings.AWS_DEFAULT_REGION,
        accessKeyId: settings.AWS_ACCESS_KEY_ID,
        secretAccessKey: settings.AWS_SECRET_ACCESS_KEY,
        sessionToken: settings.AWS_SESSION_TOKEN,
        containerPath: settings.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
        containerUrl: settings.AWS_CONTAINER_CREDENTIALS_FULL_URI,
        containerToken: settings.AWS_CONTAINER_AUTHORIZATION_TOKEN,
        containerTokenFile: settings.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
        kmsUrl: settings.AWS_ENDPOINT_URL_KMS,
      },
    },
    devApiKey: settings.SYNCLINE_DEV_API_KEY,
    access: {
      accountKey: settings.SYNCLINE_ACCOUNT_KEY,
      requestsPerMinute: rateLimit === 0 ? undefined : rateLimit,
      trustedProxies: settings.SYNCLINE_TRUSTED_PROXIES,
      publicUrl: settings.SYNCLINE_URL,
      connectOrigins: settings.SYNCLINE_CONNECT_ORIGINS,
      refusesBaseUrls: settings.SYNCLINE_BASE_URL_OVERRIDE === "off",
    },
    graphql: {
      introspection: isOn(settings.SYNCLINE_GRAPHQL_INTROSPECTION, !isProduction),
      explorer: isOn(settings.SYNCLINE_GRAPHQL_EXPLORER, !isProduction),
      operations: settings.SYNCLINE_GRAPHQL_OPERATIONS,
      maxDepth: settings.SYNCLINE_GRAPHQL_MAX_DEPTH,
      maxCost: settings.SYNCLINE_GRAPHQL_MAX_COST,
      statementTimeoutMs: settings.SYNCLINE_GRAPHQL_TIMEOUT_SECONDS * 1_000,
    },
    role: settings.SYNCLINE_ROLE,
    allowPrivateHosts:
      settings.SYNCLINE_ALLOW_PRIVATE_HOSTS ?? (isProduction ? [] : DEVELOPMENT_PRIVATE_HOSTS.split(",")),
    providerFiles: settings.SYNCLINE_PROVIDERS,
    concurrency: settings.SYNCLINE_CONCURRENCY,
    actionConcurrency: settings.SYNCLINE_ACTION_CONCURRENCY ?? Math.ceil(settings.SYNCLINE_CONCURRENCY / 2),
    serverUrl: settings.SYNCLINE_URL ?? settings.NANGO_HOSTPORT ?? `http://127.0.0.1:${settings.PORT}`,
    serverKey:
      settings.SYNCLINE_API_KEY ??
      settings.NANGO_SECRET_KEY_DEV ??
      settings.NANGO_SECRET_KEY_PROD ??
      settings.SYNCLINE_DEV_API_KEY,
    /** Keys by environment, for commands that are told which one. */
    keysByEnvironment: {
      dev: settings.NANGO_SECRET_KEY_DEV,
      prod: settings.NANGO_SECRET_KEY_PROD,
    } as Readonly<Record<string, string | undefined>>,
    logLevel: settings.LOG_LEVEL,
  });
};

/** From now on local times are UTC, also in threads that start later. */
export const useUtc = (): void => {
  process.env.TZ = "UTC";
};

/** From now on Grafast, when it is loaded, runs without its checks for developers, and does not warn that nobody said so. */
export const useFastGraphql = (): void => {
  process.env.GRAPHILE_ENV ??= "production";
};
