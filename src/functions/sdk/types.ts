// The types of the `nango` object: what every function's offers, and what a sync's offers on top.
import type { z } from "zod";
import type { ActionError } from "./errors.ts";
import type { FetchResponse, ProxyConfiguration, UncontrolledFetchOptions, Verb } from "./request-types.ts";

// biome-ignore lint/suspicious/noExplicitAny: what a customer's connection holds is known to the author alone
type Any = any;

/** A text, and not a number: records are told apart by it everywhere. */
export type ZodModel = z.ZodObject<{ id: z.ZodString }>;
export type ZodMetadata = z.ZodObject | z.ZodVoid;
/** Texts, numbers and booleans, all of them required. */
export type ZodCheckpoint = z.ZodObject<Record<string, z.ZodString | z.ZodNumber | z.ZodBoolean>>;
export type Models = Record<string, ZodModel>;

export type RawModel = { id: string };
type MetadataOf<T> = T extends z.ZodType ? z.infer<T> : Record<string, unknown>;
type CheckpointOf<T> = T extends z.ZodType ? z.infer<T> : Record<string, string | number | boolean>;
type NameOf<M extends Models> = keyof M & string;
type Partially<T extends RawModel> = Pick<T, "id"> & Partial<T>;

export type Connection = {
  id: number;
  connection_id: string;
  provider_config_key: string;
  provider: string;
  connection_config: Record<string, Any>;
  metadata: Record<string, unknown> | null;
  tags: Record<string, string>;
  end_user: Record<string, Any> | null;
  /** What is in it depends on its `type`: API_KEY, BASIC, OAUTH2, … */
  credentials: Record<string, Any>;
  errors: { type: string; log_id: string }[];
  webhook_url_override: string | null;
  created_at: string;
  updated_at: string;
  last_fetched_at: string | null;
};

export type ConnectionOptions = { forceRefresh?: boolean; refreshToken?: boolean; refreshGithubAppJwtToken?: boolean };

export type Integration = {
  unique_key: string;
  provider: string;
  display_name: string;
  logo: string;
  forward_webhooks: boolean;
  created_at: string;
  updated_at: string;
  webhook_url?: string | null;
  credentials?: Record<string, Any> | null;
};

export type SyncName = string | { name: string; variant: string };
export type SyncMode = "incremental" | "full_refresh" | "full_refresh_and_clear_cache";
/** `emptyCache` counts together with `reset` only. */
export type TriggerOptions = { reset?: boolean | undefined; emptyCache?: boolean | undefined };
export type SdkLogger = { level: "debug" | "info" | "warn" | "error" | "off" };
export type MergingStrategy = { strategy: "override" | "ignore_if_modified_after" };
export type SyncConfig = { sync_name: string; type: "sync" | "action" | "on-event"; models: string[] };

/** What a record that was read carries besides its fields; saving it again leaves this out. */
export type RecordMetadata = {
  first_seen_at: string;
  last_modified_at: string;
  last_action: "ADDED" | "UPDATED" | "DELETED";
  deleted_at: string | null;
  pruned_at: string | null;
  cursor: string;
};
type Stored<T> = T & { _nango_metadata: RecordMetadata };

/**
 * What every function's `nango` offers: that of an action or an event function is this. Without arguments it is what helpers
 * of several functions take, whatever those declare.
 */
export type NangoAction<Metadata = Any, Checkpoint = Any> = {
  readonly connectionId: string;
  readonly providerConfigKey: string;
  readonly provider: string;
  readonly environmentId: number;
  readonly environmentName: string;
  readonly accountId: number;
  /** Undefined outside a sync. */
  readonly syncId: string | undefined;
  readonly syncJobId: number;
  readonly nangoConnectionId: number;
  readonly activityLogId: string;
  readonly syncConfig: SyncConfig;
  readonly runnerFlags: Record<string, boolean>;
  readonly scriptType: "sync" | "webhook" | "action" | "on-event";
  readonly isCLI: boolean;
  readonly logger: SdkLogger;
  readonly ActionError: typeof ActionError;
  get: Verb;
  post: Verb;
  put: Verb;
  patch: Verb;
  delete: Verb;
  proxy: Verb;
  paginate<T = Any>(config: ProxyConfiguration): AsyncGenerator<T[], undefined, void>;
  uncontrolledFetch(options: UncontrolledFetchOptions): Promise<FetchResponse>;
  getConnection(providerConfigKey?: string, connectionId?: string, options?: ConnectionOptions): Promise<Connection>;
  /** An access token where there is one, otherwise all credentials. */
  getToken(): Promise<Any>;
  getMetadata<T = MetadataOf<Metadata>>(): Promise<T>;
  /** Replaces the connection's metadata. */
  setMetadata(metadata: MetadataOf<Metadata>): Promise<unknown>;
  /** Merges into the connection's metadata, one level deep. */
  updateMetadata(metadata: Partial<MetadataOf<Metadata>>): Promise<unknown>;
  /** @deprecated Use getMetadata. */
  getFieldMapping(): Promise<Record<string, string>>;
  /** @deprecated Use updateMetadata. */
  setFieldMapping(fieldMapping: Record<string, string>): Promise<unknown>;
  getIntegration(options?: { include?: ("webhook" | "credentials")[] | undefined }): Promise<Integration>;
  getWebhookURL(): Promise<string | null | undefined>;
  getEnvironmentVariables(): Promise<{ name: string; value: string }[] | null>;
  /** @deprecated There are no attributes; throws outside a sync. */
  getFlowAttributes<A = object>(): A | null;
  getCheckpoint(): Promise<CheckpointOf<Checkpoint> | null>;
  saveCheckpoint(checkpoint: CheckpointOf<Checkpoint>): Promise<void>;
  clearCheckpoint(): Promise<void>;
  /** Message, data, and at last `{ level }` where it is not info. */
  log(...args: unknown[]): Promise<void>;
  /** Messages below the level are dropped from now on; "off" cannot be undone. */
  setLogger(logger: SdkLogger): void;
  zodValidateInput<T = Any, Z = Any>(args: { zodSchema: z.ZodType<Z>; input: T }): Promise<z.ZodSafeParseSuccess<Z>>;
  triggerAction<In = unknown, Out = object>(
    providerConfigKey: string,
    connectionId: string,
    actionName: string,
    input?: In,
  ): Promise<Out>;
  triggerSync(
    providerConfigKey: string,
    connectionId: string,
    sync: SyncName,
    options?: TriggerOptions | SyncMode | boolean,
  ): Promise<void>;
  startSync(providerConfigKey: string, syncs: SyncName[], connectionId?: string): Promise<void>;
  /** True when this run holds the lock now; it ends after `ttlMs`, or with the run. */
  tryAcquireLock(lock: { key: string; ttlMs: number }): Promise<boolean>;
  releaseLock(lock: { key: string }): Promise<boolean>;
  releaseAllLocks(): Promise<void>;
};

/** An older name of it. */
export type NangoBase<Metadata = Any, Checkpoint = Any> = NangoAction<Metadata, Checkpoint>;

/** What a sync's `nango` offers on top. */
export type NangoSync<M extends Models = Models, Metadata = Any, Checkpoint = Any> = NangoAction<
  Metadata,
  Checkpoint
> & {
  readonly variant: string;
  /** When the last run that succeeded began. */
  readonly lastSyncDate: Date | undefined;
  readonly track_deletes: boolean;
  readonly emptyCache: boolean;
  batchSave<T extends RawModel = z.infer<M[NameOf<M>]>>(rows: T[], model: NameOf<M>): Promise<boolean>;
  /** @deprecated Use batchSave. */
  batchSend<T extends RawModel = z.infer<M[NameOf<M>]>>(rows: T[], model: NameOf<M>): Promise<boolean>;
  batchUpdate<T extends RawModel = z.infer<M[NameOf<M>]>>(rows: T[], model: NameOf<M>): Promise<boolean>;
  batchUpdate<T extends RawModel>(rows: Partially<T>[], model: NameOf<M>): Promise<boolean>;
  batchDelete<T extends RawModel = z.infer<M[NameOf<M>]>>(rows: T[], model: NameOf<M>): Promise<boolean>;
  batchDelete<T extends RawModel>(rows: Partially<T>[], model: NameOf<M>): Promise<boolean>;
  /** The records there are, by id as it was given; deleted ones are among them. */
  getRecordsByIds<Key = string | number, Name extends NameOf<M> = NameOf<M>>(
    ids: Key[],
    model: Name,
  ): Promise<Map<Key, Stored<z.infer<M[Name]>>>>;
  getRecordsByIds<Key, T extends RawModel>(ids: Key[], model: NameOf<M>): Promise<Map<Key, Stored<T>>>;
  /** All records in the order of their changes, deleted ones too; after the cursor where one is given. */
  listRecords<Name extends NameOf<M> = NameOf<M>>(
    model: Name,
    options?: { cursor?: string | undefined },
  ): AsyncGenerator<Stored<z.infer<M[Name]>>>;
  listRecords<T extends RawModel>(
    model: NameOf<M>,
    options?: { cursor?: string | undefined },
  ): AsyncGenerator<Stored<T>>;
  trackDeletesStart(model: NameOf<M>): Promise<void>;
  trackDeletesEnd(model: NameOf<M>): Promise<{ deletedKeys: string[] }>;
  /** Deletes what this run has not saved; nothing, with a warning, in a run that goes on midway. */
  deleteRecordsFromPreviousExecutions(model: NameOf<M>): Promise<{ deletedKeys: string[] }>;
  setMergingStrategy(merging: MergingStrategy, model: NameOf<M>): Promise<void>;
};

/** The `nango` of a sync that declares nothing about its metadata and checkpoint, for helpers of several syncs. */
export type NangoSyncLocal = NangoSync;
export type NangoActionLocal = NangoAction;
