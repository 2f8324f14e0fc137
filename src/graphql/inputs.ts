// What the inputs of mutations are: PostGraphile makes them from the arguments of functions, which cannot be commented.

const SAYS: Record<string, string> = {
  syncId: "The sync: its `id`.",
  runId: "The run: its `id`.",
  refreshId: "The refresh: its `id`.",
  webhookId: "The webhook: its `id`.",
  endpointId: "The endpoint: its `id`.",
  "ReplayWebhooksInput.state": "What became of them: `dead`, unless `delivered` is given.",
  "ReplayWebhooksInput.from": "Only those that were made then or later.",
  "ReplayWebhooksInput.until": "Only those that were made before then.",
  streamId: "The stream: its `id`.",
  reset: "Start from nothing: forget the checkpoint, and cancel the run there is.",
  emptyCache: "With a reset: also drop the records first.",
  frequency: "Such as `30m` or `every 2 hours`; without one the function's own again.",
  before: "What changed at this time or later keeps its payload.",
  eventId: "The webhook of a provider: its `id`.",
  connectionId: "The connection: its `id`.",
  "ReplayEventsInput.connectionId": "For this connection, by its `connectionId`; without one for all and for none.",
  callId: "The call: its `id`.",
  from: "What came at this time or later.",
  until: "What came before this time.",
  integration: "Of this integration, by its `uniqueKey`; without one of all.",
  only: "`unmatched`: no connection was found. `failed`: a call of a sync failed, or a webhook to the app was given up. Without it all.",
  target: "`functions`: only call syncs. `forwards`: only tell the app. Without it both.",
  rewind: "Set the sync back to where the run began, so that the next run fetches anew; true unless said otherwise.",
};

/** Describes the fields of mutations' inputs and payloads. */
export const InputsPlugin: GraphileConfig.Plugin = {
  name: "SynclineInputsPlugin",
  schema: {
    hooks: {
      GraphQLInputObjectType_fields_field: (field, build, { scope: { fieldName }, Self }) => {
        const description = /Input$/.test(Self.name)
          ? (SAYS[`${Self.name}.${fieldName}`] ?? SAYS[fieldName])
          : undefined;
        return description === undefined ? field : build.extend(field, { description }, "what it is");
      },
    },
  },
};
