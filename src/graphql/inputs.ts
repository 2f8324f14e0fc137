// What the inputs of mutations are: PostGraphile makes them from the arguments of functions, which cannot be commented.

const SAYS: Record<string, string> = {
  syncId: "The sync: its `id`.",
  runId: "The run: its `id`.",
  refreshId: "The refresh: its `id`.",
  webhookId: "The webhook: its `id`.",
  streamId: "The stream: its `id`.",
  reset: "Start from nothing: forget the checkpoint, and cancel the run there is.",
  emptyCache: "With a reset: also drop the records first.",
  frequency: "Such as `30m` or `every 2 hours`; without one the function's own again.",
  before: "What changed at this time or later keeps its payload.",
  rewind: "Set the sync back to where the run began, so that the next run fetches anew; true unless said otherwise.",
};

/** Describes the fields of mutations' inputs and payloads. */
export const InputsPlugin: GraphileConfig.Plugin = {
  name: "SynclineInputsPlugin",
  schema: {
    hooks: {
      GraphQLInputObjectType_fields_field: (field, build, { scope: { fieldName }, Self }) => {
        const description = /Input$/.test(Self.name) ? SAYS[fieldName] : undefined;
        return description === undefined ? field : build.extend(field, { description }, "what it is");
      },
    },
  },
};
