// The types of what createSync, createAction and createOnEvent take and give back.
import type { z } from "zod";
import type { Delivery } from "./deliver.ts";
import type { Models, NangoAction, NangoSync, ZodCheckpoint, ZodMetadata } from "./types.ts";

type Maybe<T> = T | Promise<T>;

export type Endpoint = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  group?: string | undefined;
};

/** What createSync takes. `autoStart` omitted means false. */
export type CreateSyncProps<
  M extends Models,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
> = {
  description: string;
  /** "every 15 minutes", "every hour", "every day", … */
  frequency: string;
  models: M;
  metadata?: Metadata;
  checkpoint?: Checkpoint;
  version?: string;
  autoStart?: boolean;
  scopes?: string[];
  webhookSubscriptions?: string[];
  /** Keep what records were before they changed: of all models, or of those named. */
  history?: boolean | (keyof M & string)[];
  /** @deprecated */
  syncType?: "full" | "incremental";
  /** @deprecated Use trackDeletesStart and trackDeletesEnd. */
  trackDeletes?: boolean;
  /** @deprecated */
  endpoints?: Endpoint[];
  /**
   * Records of a model as rows of a table of yours in the same database, in the same transaction:
   * `{ Contact: { table: "crm.contacts", columns: { contact_id: "$id", account: "$connectionId", city: "address.city" } } }`.
   * The table needs a unique index over the columns of `$connectionId` and `$id`, and an operator who allows it.
   */
  deliver?: { [Name in keyof M & string]?: Delivery<z.infer<M[Name]>> };
  exec: (nango: NangoSync<M, Metadata, Checkpoint>) => Maybe<void>;
  // biome-ignore lint/suspicious/noExplicitAny: a webhook's payload is whatever the provider sends
  onWebhook?: (nango: NangoSync<M, Metadata, Checkpoint>, payload: any) => Maybe<void>;
  /** Instead of onWebhook: what came in the meantime at once, in order, at most 100 payloads. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  onWebhookBatch?: (nango: NangoSync<M, Metadata, Checkpoint>, payloads: any[]) => Maybe<void>;
};

export type CreateSyncResponse<
  M extends Models,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
> = CreateSyncProps<M, Metadata, Checkpoint> & { type: "sync" };

/** What createAction takes. `z.void()` stands for no input or no output. */
export type CreateActionProps<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
> = {
  description: string;
  input: Input;
  output: Output;
  metadata?: Metadata;
  checkpoint?: Checkpoint;
  version?: string;
  scopes?: string[];
  /** @deprecated */
  endpoint?: Endpoint;
  exec: (nango: NangoAction<Metadata, Checkpoint>, input: z.infer<Input>) => Maybe<z.infer<Output>>;
};

export type CreateActionResponse<
  Input extends z.ZodType,
  Output extends z.ZodType,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
> = CreateActionProps<Input, Output, Metadata, Checkpoint> & { type: "action" };

/** What createOnEvent takes. */
export type CreateOnEventProps<
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
> = {
  description: string;
  event: "post-connection-creation" | "pre-connection-deletion" | "validate-connection";
  metadata?: Metadata;
  checkpoint?: Checkpoint;
  version?: string;
  exec: (nango: NangoAction<Metadata, Checkpoint>) => Maybe<void>;
};

export type CreateOnEventResponse<
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
> = CreateOnEventProps<Metadata, Checkpoint> & { type: "onEvent" };

/** What a function file may export. */
export type CreateAnyResponse =
  // biome-ignore lint/suspicious/noExplicitAny: any models, any input and any output
  | CreateSyncResponse<any, ZodMetadata | undefined, ZodCheckpoint | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: as above
  | CreateActionResponse<any, any, ZodMetadata | undefined, ZodCheckpoint | undefined>
  | CreateOnEventResponse<ZodMetadata | undefined, ZodCheckpoint | undefined>;
