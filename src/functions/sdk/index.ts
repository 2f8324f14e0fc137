// What function files import from `syncline` (or its alias `nango`).
import type { z } from "zod";
import type {
  CreateActionProps,
  CreateActionResponse,
  CreateOnEventProps,
  CreateOnEventResponse,
  CreateSyncProps,
  CreateSyncResponse,
} from "./config-types.ts";
import type { Models, ZodCheckpoint, ZodMetadata } from "./types.ts";

export type * from "./config-types.ts";
export type { Delivery, DeliverySource } from "./deliver.ts";
export type { ActionError } from "./errors.ts";
export type * from "./request-types.ts";
export type * from "./types.ts";

/** Declare a sync: what it stores, how often it runs and how. The file's default export. */
export const createSync = <
  M extends Models,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
>(
  config: CreateSyncProps<M, Metadata, Checkpoint>,
): CreateSyncResponse<M, Metadata, Checkpoint> => ({ ...config, type: "sync" });

/** Declare an action: what an app may ask for, and what it gets. The file's default export. */
export const createAction = <
  Input extends z.ZodType,
  Output extends z.ZodType,
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
>(
  config: CreateActionProps<Input, Output, Metadata, Checkpoint>,
): CreateActionResponse<Input, Output, Metadata, Checkpoint> => ({ ...config, type: "action" });

/** Declare what is done at an event in a connection's life. The file's default export. */
export const createOnEvent = <
  Metadata extends ZodMetadata | undefined = undefined,
  Checkpoint extends ZodCheckpoint | undefined = undefined,
>(
  config: CreateOnEventProps<Metadata, Checkpoint>,
): CreateOnEventResponse<Metadata, Checkpoint> => ({ ...config, type: "onEvent" });
